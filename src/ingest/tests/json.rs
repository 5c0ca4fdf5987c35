use super::*;
use crate::domain::{DEPTH_MAX, KEYS_MAX, NODES_MAX};

fn fault(line: &str) -> Option<Reason> {
    Tape::default().parse(line).err()
}

/// The tape as text, to compare with the line.
fn shown(value: Value<'_, '_>) -> String {
    let list = |items: Vec<String>| items.join(",");
    match value.node() {
        Node::Null => "null".into(),
        Node::Bool(value) => value.to_string(),
        Node::Text(text) => format!("{text:?}"),
        Node::Int(_) | Node::UInt(_) | Node::Float(_) | Node::Number(_) => {
            value.number().unwrap().into_owned()
        }
        Node::Array(_) => format!("[{}]", list(value.items().map(shown).collect())),
        Node::Object(_) => {
            format!(
                "{{{}}}",
                list(value.fields().map(|(key, value)| format!("{key:?}:{}", shown(value))).collect())
            )
        }
    }
}

#[test]
fn a_line_becomes_its_tape() {
    let mut tape = Tape::default();
    for line in [
        "{}",
        r#"{"a":null,"b":[true,false,[],{}],"c":{"d":{"e":"f"}},"g":"h\"i"}"#,
        r#"{"n":[0,-5,18446744073709551615,0.5],"z":1}"#,
        r#"{"value":9.990,"price":"9.99","amount":-0,"external_id":[123456789012345678901234567890,"x",{"value":1e2}]}"#,
    ] {
        assert_eq!(shown(tape.parse(line).unwrap()), line);
    }
    assert_eq!(shown(tape.parse(" {\"a\" :\t1 } ").unwrap()), r#"{"a":1}"#);
}

#[test]
fn every_bad_line_has_its_reason() {
    for (line, reason) in [
        (r#"{"event_id":"#, Reason::Syntax),
        (r#"{"a":1},"#, Reason::Syntax),
        (r#"{"a":1} x"#, Reason::Syntax),
        (r#"{"a":1,}"#, Reason::Syntax),
        ("{'a':1}", Reason::Syntax),
        (r#"{"a":NaN}"#, Reason::Syntax),
        (r#"{"value":NaN}"#, Reason::Syntax),
        (r#"{"value":01}"#, Reason::Syntax),
        ("{\"a\":\"\u{1}\"}", Reason::Syntax),
        ("\u{feff}{}", Reason::Syntax),
        ("", Reason::Syntax),
        (r#"{"a":"\ud800"}"#, Reason::Utf8),
        (r#"{"a":"\ud800\u0041"}"#, Reason::Utf8),
        (r#"{"a":"\udc00"}"#, Reason::Utf8),
        (r#"{"value":"\udc00"}"#, Reason::Utf8),
        (r#"{"a":1,"a":1}"#, Reason::DuplicateKey),
        (r#"{"a":1,"\u0061":1}"#, Reason::DuplicateKey),
        (r#"{"x":[{"b":{"a":1,"b":2,"a":3}}]}"#, Reason::DuplicateKey),
        (r#"{"value":{"a":1,"a":2}}"#, Reason::DuplicateKey),
        (r#"{"a":1e400}"#, Reason::NumberRange),
        (r#"{"value":1e400}"#, Reason::NumberRange),
        (r#"{"value":[-1e400]}"#, Reason::NumberRange),
        ("[1]", Reason::NotAnObject),
        ("12", Reason::NotAnObject),
        ("\"x\"", Reason::NotAnObject),
        ("null", Reason::NotAnObject),
    ] {
        assert_eq!(fault(line), Some(reason), "{line}");
    }
}

#[test]
fn nesting_is_capped_and_cannot_exhaust_the_stack() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(fault(&nested(DEPTH_MAX)), None);
    assert_eq!(fault(&nested(DEPTH_MAX + 1)), Some(Reason::Depth));
    assert_eq!(fault(&format!("{{\"a\":{}", "[".repeat(100_000))), Some(Reason::Depth));
    assert_eq!(fault(&nested(DEPTH_MAX + 1).replace("\"a\"", "\"value\"")), Some(Reason::Depth));
    assert_eq!(
        fault(&format!("{{\"value\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000))),
        Some(Reason::Depth)
    );
}

#[test]
fn wide_objects_and_endless_records_are_capped() {
    let object = |keys: usize| {
        let keys: Vec<String> = (0..keys).map(|key| format!("\"k{key}\":0")).collect();
        format!("{{{}}}", keys.join(","))
    };
    assert_eq!(fault(&object(KEYS_MAX)), None);
    assert_eq!(fault(&object(KEYS_MAX + 1)), Some(Reason::TooManyKeys));
    let twice = object(KEYS_MAX - 1).replacen('{', "{\"k100\":1,", 1);
    assert_eq!(fault(&twice), Some(Reason::DuplicateKey));
    let items = |count: usize| format!("{{\"a\":[{}]}}", vec!["0"; count].join(","));
    assert_eq!(fault(&items(NODES_MAX - 3)), None);
    assert_eq!(fault(&items(NODES_MAX - 2)), Some(Reason::TooManyKeys));
}

#[test]
fn a_tape_is_used_again_after_a_bad_line() {
    let mut tape = Tape::default();
    assert!(tape.parse(r#"{"a":[1,2,{"b":1,"b":2}]}"#).is_err());
    assert_eq!(shown(tape.parse(r#"{"a":1}"#).unwrap()), r#"{"a":1}"#);
}

proptest::proptest! {
    #[test]
    fn it_takes_what_serde_json_takes(line in r#"\{("a"|"value"|"b"):([0-9.eE+-]{1,6}|"[a\\u"d80]{0,8}"|\[[0-9,]{0,5}\]|null)\}"#) {
        let theirs: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&line);
        proptest::prop_assert_eq!(fault(&line).is_none(), theirs.is_ok(), "{}", line);
    }
}
