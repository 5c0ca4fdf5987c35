//! The access token: a type that cannot be printed.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The longest token in bytes; TikTok's have 40, and a longer text is the wrong file.
const TOKEN_BYTES_MAX: usize = 4096;

/// The block of SHA-256 in bytes, which HMAC pads its key to (RFC 2104).
const BLOCK_BYTES: usize = 64;

/// An access token. Copies share one secret, wiped when the last one goes.
#[derive(Clone, Debug)]
pub struct Token(Arc<SecretString>);

/// Why a text is no token. Never holds the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("token malformed (length {length}): {what}")]
pub struct TokenError {
    /// Its length in bytes.
    pub length: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Token {
    /// Takes the content of a token file or variable: one line end at its end is dropped once.
    ///
    /// # Errors
    /// [`TokenError`] when it is empty, too long, or holds anything but printable ASCII without spaces.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let bare = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        let bad = |what| Err(TokenError { length: text.len(), what });
        if bare.trim().is_empty() {
            return bad("it is empty");
        }
        if bare.len() > TOKEN_BYTES_MAX {
            return bad("it is too long to be a token");
        }
        if bare.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
            return bad("leave out the word Bearer: TikTok takes the bare token");
        }
        if bare.contains(['\n', '\r']) {
            return bad("it has more than one line");
        }
        if !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
            return bad("only printable ASCII without spaces can be a token");
        }
        Ok(Self(Arc::new(SecretString::from(bare))))
    }

    /// A fingerprint under a database's own key: 8 hex digits, safe to store and to show.
    #[must_use]
    pub fn fingerprint(&self, key: &[u8; 32]) -> String {
        let mut text = hex::encode(hmac_sha256(key, self.0.expose_secret().as_bytes()));
        text.truncate(8);
        text
    }

    /// The value of the header `Access-Token`, marked so that no `Debug` shows it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.0.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// HMAC-SHA-256 (RFC 2104) under a 32-byte key, which needs padding only.
fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |mask: u8| {
        let mut block = [mask; BLOCK_BYTES];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Result<String, &'static str> {
        Token::parse(text).map(|token| token.0.expose_secret().to_owned()).map_err(|error| error.what)
    }

    #[test]
    fn one_line_end_is_dropped_once() {
        for text in ["abc", "abc\n", "abc\r\n"] {
            assert_eq!(bare(text).as_deref(), Ok("abc"));
        }
        for text in ["abc\n\n", "abc\r\n\r\n", "a\nbc", "a\rbc"] {
            assert_eq!(bare(text), Err("it has more than one line"), "{text:?}");
        }
        assert_eq!(bare("abc\r"), Err("it has more than one line"));
    }

    #[test]
    fn what_cannot_be_a_header_is_refused_without_being_shown() {
        let long = "x".repeat(1_000_000);
        for text in ["", "\n", "  ", " s3cret", "s3cret ", "s3 cret", "s3cr\u{e9}t", "s3cret\0", &long] {
            let error = Token::parse(text).unwrap_err();
            assert_eq!(error.length, text.len());
            assert!(!error.to_string().contains("s3"), "{error}");
            assert!(!format!("{error:?}").contains("s3"));
        }
        assert!(bare("Bearer abc").unwrap_err().contains("bare token"));
        assert!(bare("bearer abc\n").unwrap_err().contains("bare token"));
    }

    #[test]
    fn debug_shows_nothing() {
        let token = Token::parse("s3cret").unwrap();
        assert!(!format!("{token:?}").contains("s3cret"));
        assert!(!format!("{:?}", token.header().unwrap()).contains("s3cret"));
    }

    #[test]
    fn a_fingerprint_depends_on_token_and_key() {
        let token = Token::parse("s3cret").unwrap();
        let print = token.fingerprint(&[1; 32]);
        assert_eq!(print.len(), 8);
        assert_eq!(print, token.clone().fingerprint(&[1; 32]));
        assert_ne!(print, token.fingerprint(&[2; 32]));
        assert_ne!(print, Token::parse("s3creT").unwrap().fingerprint(&[1; 32]));
    }

    /// Computed with `Python`'s `hmac` module, because RFC 4231 has no 32-byte key.
    #[test]
    fn hmac_is_hmac() {
        let mut key = [0; 32];
        for (at, byte) in (0_u8..).zip(key.iter_mut()) {
            *byte = at;
        }
        assert_eq!(
            hex::encode(hmac_sha256(&key, b"Hi There")),
            "278639ec02309d3afded1b273f1349ba63b9089c12476d716bee3ecc94673e9e"
        );
    }
}
