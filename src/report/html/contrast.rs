//! The colours of the style sheet against WCAG 2.2, in light and in dark.

use std::collections::BTreeMap;

use super::STYLE;

/// Text on its ground: 1.4.3 asks for 4.5.
const TEXTS: [(&str, &str); 16] = [
    ("fg", "bg"),
    ("fg", "card"),
    ("fg", "h0"),
    ("mut", "bg"),
    ("mut", "card"),
    ("mut", "h0"),
    ("bad", "bg"),
    ("bad", "card"),
    ("warn", "bg"),
    ("warn", "card"),
    ("ok", "bg"),
    ("ok", "card"),
    ("bg", "ok"),
    ("bg", "bad"),
    ("bg", "fg"),
    ("bg", "h4"),
];
/// Marks on their ground: 1.4.11 asks for 3. (`h1` to `h3` are steps between `h0` and `h4`, and the
/// table beside the picture gives their numbers.)
const MARKS: [(&str, &str); 6] =
    [("ok", "bg"), ("ok2", "bg"), ("bad", "bg"), ("ig", "bg"), ("h4", "bg"), ("bad", "h0")];

/// Every custom property: its plain value, and the light and the dark one.
fn colours() -> BTreeMap<&'static str, [&'static str; 3]> {
    let blocks: Vec<&str> = STYLE.split(":root{").collect();
    let (plain, pairs) = (blocks[1], blocks[2]);
    let declarations = |block: &'static str| {
        block
            .split_once('}')
            .unwrap()
            .0
            .split(';')
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'))
    };
    let plain: BTreeMap<_, _> = declarations(plain).collect();
    declarations(pairs)
        .map(|(name, value)| {
            let pair = value.strip_prefix("light-dark(").unwrap().strip_suffix(')').unwrap();
            let (light, dark) = pair.split_once(',').unwrap();
            (name, [plain[name], light, dark])
        })
        .collect()
}

/// Relative luminance by WCAG 2.2.
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn colours_are_told_apart_in_light_and_in_dark() {
    let colours = colours();
    let mut faults = Vec::new();
    for (pairs, least) in [(TEXTS.as_slice(), 4.5), (MARKS.as_slice(), 3.0)] {
        for (front, ground) in pairs {
            for look in [1, 2] {
                let got = contrast(colours[front][look], colours[ground][look]);
                if got < least {
                    let look = ["light", "dark"][look - 1];
                    faults.push(format!("{front} on {ground} in {look}: {got:.2}, not {least}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn old_browsers_get_the_light_colours() {
    let colours = colours();
    assert!(colours.len() >= 14, "{colours:?}");
    for (name, [plain, light, _]) in colours {
        assert_eq!(plain, light, "{name}");
    }
}

#[test]
fn the_formula_is_that_of_wcag() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}
