//! Event objects and the request that carries them.

use super::json::string;
use crate::domain::PixelCode;

/// One event object of a request, as JSON text: frozen at the first attempt and reused on every retry.
#[derive(Clone, PartialEq, Eq)]
pub struct EventObject(Box<str>);

impl EventObject {
    /// Takes an object that the store kept.
    #[must_use]
    pub fn from_store(json: &str) -> Self {
        Self(json.into())
    }

    /// Takes what the writer of this room wrote: whole strings only, so nothing is lossy here.
    pub(super) fn from_json(json: &[u8]) -> Self {
        Self(String::from_utf8_lossy(json).into_owned().into_boxed_str())
    }

    /// The JSON text; it holds personal data.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

/// Without its content: it holds personal data.
impl std::fmt::Debug for EventObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EventObject({} bytes)", self.0.len())
    }
}

/// Makes a request's body: `event_source` web, the pixel, the test event code at the root, the events.
#[must_use]
pub fn body(pixel: &PixelCode, test_code: Option<&str>, events: &[&EventObject]) -> Vec<u8> {
    let length: usize = events.iter().map(|event| event.0.len() + 1).sum();
    let mut bytes = Vec::with_capacity(length + 256);
    bytes.extend_from_slice(br#"{"event_source":"web","event_source_id":"#);
    string(pixel.as_str(), &mut bytes);
    if let Some(code) = test_code {
        bytes.extend_from_slice(br#","test_event_code":"#);
        string(code, &mut bytes);
    }
    bytes.extend_from_slice(br#","data":["#);
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(event.0.as_bytes());
    }
    bytes.extend_from_slice(b"]}");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_carries_the_test_code_at_its_root() {
        let pixel = PixelCode::parse("C4A1B2C3D4E5F6G7H8I9").unwrap();
        let (one, two) =
            (EventObject::from_store(r#"{"event":"a"}"#), EventObject::from_store(r#"{"event":"b"}"#));
        assert_eq!(
            body(&pixel, None, &[&one, &two]),
            br#"{"event_source":"web","event_source_id":"C4A1B2C3D4E5F6G7H8I9","data":[{"event":"a"},{"event":"b"}]}"#
        );
        assert_eq!(
            body(&pixel, Some("TEST\"1"), &[]),
            br#"{"event_source":"web","event_source_id":"C4A1B2C3D4E5F6G7H8I9","test_event_code":"TEST\"1","data":[]}"#
        );
    }
}
