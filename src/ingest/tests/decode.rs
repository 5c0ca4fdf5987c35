use std::io::Write as _;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    to.write_all(text).unwrap();
    to.finish().unwrap()
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(text, 1).unwrap()
}

/// The text of a stream, and what stopped it.
fn text(packed: &[u8]) -> (Vec<u8>, Option<Stop>) {
    text_within(packed, Expansion::of(&LogLimits::default()))
}

fn text_within(packed: &[u8], limit: Expansion) -> (Vec<u8>, Option<Stop>) {
    let done = AtomicU64::new(0);
    let mut from = unpack(packed, Packing::of(packed), &done, limit);
    let mut text = Vec::new();
    let stop = from.read_to_end(&mut text).err().map(|error| Stop::of(&error));
    if stop.is_none() {
        assert_eq!(done.load(Ordering::Relaxed), u64::try_from(packed.len()).unwrap());
    }
    (text, stop)
}

/// Text that does not compress to nothing.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + u8::try_from(state >> 28).unwrap()
    };
    (0..count).map(|_| letter()).collect()
}

#[test]
fn every_packing_gives_its_text() {
    for body in [&b"x\ny\n"[..], b"", &noise(500_000)] {
        assert_eq!(text(body), (body.to_vec(), None));
        assert_eq!(text(&gzip(body)), (body.to_vec(), None));
        assert_eq!(text(&zst(body)), (body.to_vec(), None));
        let twice = [body, body].concat();
        assert_eq!(text(&[gzip(body), gzip(body)].concat()), (twice.clone(), None));
        assert_eq!(text(&[zst(body), zst(body)].concat()), (twice, None));
    }
}

#[test]
fn zeros_after_the_last_member_are_padding_and_anything_else_is_damage() {
    let one = gzip(b"x\n");
    assert_eq!(text(&[&one[..], &[0; 10_000]].concat()), (b"x\n".to_vec(), None));
    assert_eq!(text(&[&one[..], &[0; 7], &one[..]].concat()), (b"x\nx\n".to_vec(), None));
    assert_eq!(text(&[&one[..], b"junk"].concat()), (b"x\n".to_vec(), Some(Stop::Corrupt)));
    assert_eq!(text(&[&zst(b"x\n")[..], b"junk"].concat()), (b"x\n".to_vec(), Some(Stop::Corrupt)));
}

#[test]
fn what_comes_before_the_damage_is_kept() {
    let body = noise(3_000_000);
    for packed in [gzip(&body), zst(&body)] {
        let cut = &packed[..packed.len() - 9];
        let (before, stop) = text(cut);
        assert_eq!(stop, Some(Stop::Truncated));
        assert!(body.starts_with(&before) && before.len() > 2_500_000, "{}", before.len());
        let (_, stop) = text(&packed[..7]);
        assert_eq!(stop, Some(Stop::Truncated));
    }
    let mut packed = gzip(&body);
    let end = packed.len();
    packed[end - 6] ^= 1;
    assert_eq!(text(&packed), (body, Some(Stop::Corrupt)), "a wrong checksum is told, and the text is there");
}

#[test]
fn a_file_that_expands_without_end_is_stopped() {
    let limit = Expansion { ratio: 200, free: 1 << 20, size: 0 };
    for packed in [gzip(&vec![0; 8 << 20]), zst(&vec![0; 8 << 20])] {
        let (text, stop) = text_within(&packed, limit);
        assert_eq!(stop, Some(Stop::ExpansionLimit));
        assert!(text.len() < 3 << 20, "{}", text.len());
    }
    assert_eq!(text_within(&gzip(&vec![0; 1 << 20]), limit).1, None, "small ones may expand as they like");
    assert_eq!(text_within(&gzip(&noise(4 << 20)), limit).1, None);
}

#[test]
fn a_file_refilled_while_it_is_read_is_noticed() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&noise(100)).unwrap();
    let opened = File::open(file.path()).unwrap();
    let mut from = Plain::new(&opened, 0, b"");
    let mut into = [0; 60];
    assert_eq!(from.read(&mut into).unwrap(), 60);
    std::fs::write(file.path(), vec![b'z'; 100]).unwrap();
    assert_eq!(Stop::of(&from.read(&mut into).unwrap_err()), Stop::Replaced);
    std::fs::write(file.path(), b"short").unwrap();
    assert_eq!(Stop::of(&from.read(&mut into).unwrap_err()), Stop::Replaced);
}
