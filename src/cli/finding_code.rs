//! A finding's code on the command line: a wrong one is answered with those that are near, not with all.

use clap::builder::{PossibleValue, StyledStr, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::audit::CHECKS;
use crate::report::escape;

use super::near::nearest;

/// Codes that a hint names: what is read at a glance.
const NAMED_MAX: usize = 6;

/// Takes the codes of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct FindingCode;

impl TypedValueParser for FindingCode {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let text = value.to_string_lossy();
        if CHECKS.iter().any(|check| check.code == text) {
            return Ok(text.into_owned());
        }
        let mut wrong = clap::Error::new(ErrorKind::InvalidValue).with_cmd(command);
        let name = arg.map_or_else(|| "<CODE>".to_owned(), ToString::to_string);
        wrong.insert(ContextKind::InvalidArg, ContextValue::String(name));
        wrong.insert(ContextKind::InvalidValue, ContextValue::String(escape(&text).into_owned()));
        wrong.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(code_hint(&text))]),
        );
        Err(wrong)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(CHECKS.iter().map(|check| PossibleValue::new(check.code))))
    }
}

/// What to type instead of a code that there is not.
pub fn code_hint(wrong: &str) -> String {
    let codes = || CHECKS.iter().map(|check| check.code);
    let holding: Vec<&str> =
        codes().filter(|code| !wrong.is_empty() && code.contains(&wrong.to_lowercase())).collect();
    match (nearest(wrong, codes()), holding.as_slice()) {
        (Some(near), _) | (None, &[near]) => format!("did you mean `{near}`?"),
        (None, some) if (2..=NAMED_MAX).contains(&some.len()) => format!("there are {}", some.join(", ")),
        (None, _) => "makegood findings lists them".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_code_is_answered_with_what_is_near() {
        for (wrong, want) in [
            ("ttclid-lost-after-landin", "did you mean `ttclid-lost-after-landing`?"),
            ("ttclid-lost", "did you mean `ttclid-lost-after-landing`?"),
            ("TTCLID-LOST", "did you mean `ttclid-lost-after-landing`?"),
            ("refused", "there are refused-token, refused-invalid"),
            ("weather", "makegood findings lists them"),
            ("", "makegood findings lists them"),
        ] {
            assert_eq!(code_hint(wrong), want, "{wrong}");
        }
    }
}
