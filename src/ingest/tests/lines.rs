use proptest::prelude::*;

use super::*;
use crate::domain::LINE_BYTES_MAX;

/// Returns its bytes in reads of the given lengths, over and over.
struct Drip<'a>(&'a [u8], Vec<usize>, usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.get(self.2 % self.1.len().max(1)).map_or(into.len(), |count| *count);
        self.2 += 1;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        let count = count.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// What a consumer makes of the pieces: lines with offset, and too long ones with length and hash.
fn told(from: impl Read, line_max: usize) -> Vec<(u64, String)> {
    let mut lines = Lines::new(from, 0, line_max);
    let mut told = Vec::new();
    let mut end = 0;
    while let Some(piece) = lines.next().unwrap() {
        match piece {
            Piece::Lines { offset, text } => {
                assert_eq!(offset, end);
                assert_eq!(text.last(), Some(&b'\n'));
                let mut at = offset;
                for line in text.split_inclusive(|byte| *byte == b'\n') {
                    told.push((at, one(line, line_max)));
                    at += u64::try_from(line.len()).unwrap();
                }
                end = at;
            }
            Piece::TooLong { offset, end: after, length, sha256, last, .. } => {
                assert_eq!(offset, end);
                assert!(last.len() <= LAST_BYTES && !last.is_empty());
                told.push((offset, format!("too long {length} {}", hex::encode(sha256))));
                end = after;
            }
            Piece::Tail { offset, text } => {
                assert_eq!(offset, end);
                told.push((offset, format!("tail {}", one(text, line_max))));
                end = offset + u64::try_from(text.len()).unwrap();
            }
        }
        assert_eq!(lines.offset(), end);
    }
    told
}

fn one(line: &[u8], line_max: usize) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > line_max {
        let digest: [u8; 32] = Sha256::digest(line).into();
        return format!("too long {} {}", line.len(), hex::encode(digest));
    }
    String::from_utf8_lossy(line).into_owned()
}

#[test]
fn lines_come_whole_and_with_their_offsets() {
    let text = b"a\r\nbb\n\nc\rc\nlast";
    let want: Vec<(u64, String)> = [(0, "a"), (3, "bb"), (6, ""), (7, "c\rc"), (11, "tail last")]
        .map(|(at, line)| (at, line.to_owned()))
        .into();
    assert_eq!(told(&text[..], 100), want);
    for step in [1, 2, 3, 7] {
        assert_eq!(told(Drip(text, vec![step, 0], 0), 100), want);
    }
    assert_eq!(told(&b""[..], 100), []);
}

#[test]
fn a_line_too_long_is_hashed_and_not_held() {
    let line = vec![b'a'; 100 << 20];
    let text = (&line[..]).chain(&b"\r\n{}\n"[..]);
    let mut lines = Lines::new(text, 0, LINE_BYTES_MAX);
    let Some(Piece::TooLong { offset: 0, end, length, sha256, crc, last }) = lines.next().unwrap() else {
        panic!()
    };
    let digest: [u8; 32] = Sha256::digest(&line).into();
    assert_eq!((end, length, sha256), ((100 << 20) + 2, 100 << 20, digest));
    assert!(last.ends_with(b"aa\r\n"));
    assert_eq!(crc, crc32fast::hash(&[&line[..], b"\r\n"].concat()));
    assert_eq!(lines.next().unwrap(), Some(Piece::Lines { offset: end, text: b"{}\n" }));
    assert_eq!(lines.next().unwrap(), None);
    assert!(lines.buffer.len() <= LINE_BYTES_MAX + 3 * CHUNK_BYTES, "{}", lines.buffer.len());
}

#[test]
fn the_hash_of_a_line_is_the_same_in_any_parts() {
    let line = b"a\r\rb\r";
    let body: [u8; 32] = Sha256::digest(b"a\r\rb").into();
    for first in 0..=line.len() {
        for second in first..=line.len() {
            let mut hash = LineHash::default();
            for part in [&line[..first], &line[first..second], &line[second..]] {
                hash.feed(part);
            }
            // The last carriage return is part of the line end.
            assert_eq!(hash.finish(), (4, body), "{first} {second}");
        }
    }
}

#[test]
fn what_was_read_before_an_error_comes_first() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("x"))
        }
    }
    let mut lines = Lines::new((&b"a\nb\nhalf"[..]).chain(Broken), 10, LINE_BYTES_MAX);
    assert_eq!(lines.next().unwrap(), Some(Piece::Lines { offset: 10, text: b"a\nb\n" }));
    assert!(lines.next().is_err());
    assert_eq!((lines.offset(), lines.rest()), (14, &b"half"[..]));
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_lines(
        text in proptest::collection::vec(prop_oneof![3 => Just(b'a'), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => any::<u8>()], 0..200),
        steps in proptest::collection::vec(0_usize..9, 1..8),
        line_max in 1_usize..20,
    ) {
        prop_assume!(steps.iter().any(|step| *step > 0));
        let whole = told(&text[..], line_max);
        prop_assert_eq!(told(Drip(&text, steps, 0), line_max), whole);
    }
}
