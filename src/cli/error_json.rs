//! A failure, for programs.

use serde::Serialize;

use super::exit::Failure;

#[derive(Serialize)]
struct ErrorJson<'a> {
    r#type: &'static str,
    schema: &'static str,
    exit_code: u8,
    message: &'a str,
    hints: &'a [String],
}

/// The failure by the contract `makegood.error/1`, with a line end.
#[must_use]
pub fn error_line(failure: &Failure) -> Vec<u8> {
    let document = ErrorJson {
        r#type: "error",
        schema: "makegood.error/1",
        exit_code: failure.exit.code(),
        message: &failure.message,
        hints: &failure.hints,
    };
    let mut line = serde_json::to_vec(&document).unwrap_or_default();
    line.push(b'\n');
    line
}
