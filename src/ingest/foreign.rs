//! Files that hold no lines of a log, told by their first bytes: each with the way to get at its lines.

/// Pairs of bytes that are looked at to tell UTF-16 without a mark.
const PAIRS: usize = 8;
/// Where a tar archive says what it is.
const TAR_AT: usize = 257;

/// What begins a file, and what to do with it.
const SIGNS: &[(&[u8], &str)] = &[
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"\xd0\xcf\x11\xe0", "is a document of an old Office: save the sheet as CSV (UTF-8)"),
    (b"\x1f\x8b", TWICE),
    (b"\x28\xb5\x2f\xfd", TWICE),
    (b"BZh", "is compressed by bzip2: unpack it, or `bzcat FILE | makegood import -`"),
    (b"\xfd7zXZ\0", "is compressed by xz: unpack it, or `xzcat FILE | makegood import -`"),
    (b"\x04\x22\x4d\x18", "is compressed by lz4: unpack it, or `lz4cat FILE | makegood import -`"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it, and import the files in it"),
    (b"Rar!", "is a rar archive: unpack it, and import the files in it"),
    (b"PAR1", "is a Parquet file: export it as JSON Lines or CSV"),
    (b"Obj\x01", "is an Avro file: export it as JSON Lines"),
    (b"ORC", "is an ORC file: export it as JSON Lines or CSV"),
    (
        b"SQLite format 3\0",
        "is an SQLite database: export the table as CSV; makegood's own are brought in by `makegood merge`",
    ),
    (b"%PDF-", "is a PDF: export the data as CSV or JSON Lines"),
];
const UTF_16: &str = "is in UTF-16: convert it, as by `iconv -f UTF-16 -t UTF-8 FILE > NEW`";
const TWICE: &str = "is compressed twice: unpack it once";
const WORKBOOK: &str = "is a workbook: save the sheet as CSV (UTF-8)";
const ZIP: &str = "is a zip archive: unpack it, or `unzip -p FILE | makegood import -`";
const TAR: &str = "is a tar archive: unpack it, or `tar -xOf FILE | makegood import -`";
const PAGE: &str = "is a web page and no log: what was to be downloaded may have asked to sign in";

/// What a text is that holds no lines, and what to do; `None`: lines, as far as can be told.
pub(super) fn advice(first: &[u8]) -> Option<&'static str> {
    if first.starts_with(b"PK\x03\x04") {
        let is_workbook = [&b"[Content_Types].xml"[..], b"xl/"].into_iter().any(|part| holds(first, part));
        return Some(if is_workbook { WORKBOOK } else { ZIP });
    }
    if first.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Some(TAR);
    }
    let sign = SIGNS.iter().find(|(sign, _)| first.starts_with(sign)).map(|(_, advice)| *advice);
    sign.or_else(|| is_utf_16(first).then_some(UTF_16)).or_else(|| is_page(first).then_some(PAGE))
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Every second byte is zero, and no other: letters and digits of Latin script.
fn is_utf_16(first: &[u8]) -> bool {
    let (pairs, _) = first.as_chunks::<2>();
    let all = |is: fn(&[u8; 2]) -> bool| pairs.len() >= PAIRS && pairs.iter().take(PAIRS).all(is);
    all(|[low, high]| *low != 0 && *high == 0) || all(|[high, low]| *high == 0 && *low != 0)
}

fn is_page(first: &[u8]) -> bool {
    let start = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .into_iter()
        .any(|sign| start.get(..sign.len()).is_some_and(|start| start.eq_ignore_ascii_case(sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_by_its_first_bytes() {
        let mut tar = vec![b'a'; TAR_AT];
        tar.extend_from_slice(b"ustar\x0000");
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for (first, wanted) in [
            (&b"PK\x03\x04\x14\0\0\0\x08\0....[Content_Types].xml"[..], "workbook"),
            (b"PK\x03\x04\x14\0\0\0\x08\0....log.jsonl", "zip"),
            (&tar, "tar"),
            (b"\xff\xfe{\0", "UTF-16"),
            (&utf_16("{\"event_id\":1}"), "UTF-16"),
            (&utf_16("{\"event_id\":1}")[1..], "UTF-16"),
            (b"\x1f\x8b\x08", "twice"),
            (b"\n <!DOCTYPE HTML>", "web page"),
            (b"SQLite format 3\0", "merge"),
        ] {
            assert!(advice(first).is_some_and(|advice| advice.contains(wanted)), "{wanted}");
        }
    }

    #[test]
    fn lines_are_none_of_them() {
        let mut zeros = vec![0; 300];
        zeros.extend_from_slice(b"{\"event_id\":\"1\"}");
        for first in
            [&b""[..], b"{}", b"{\"event_id\":\"ustar\"}\n", b"event_id,event\n", b"<30>1 2026", &zeros]
        {
            assert_eq!(advice(first), None);
        }
    }
}
