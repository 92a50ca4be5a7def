//! Reads blobs from files of their own, as git has written them at `git add`.
//!
//! See "loose objects" in gitrepository-layout(5): the file is a zlib stream of `blob SIZE NUL`
//! and the contents. To start git for them takes longer than the rest of a check, and libgit2
//! never stops reading a truncated one.

use std::io::Read;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use flate2::read::ZlibDecoder;

use super::{Blob, ObjectId, read_regular_file};

/// The maximum length of the header.
const MAX_HEADER: u64 = 32;

/// Reads the blob `id`; `None` if it has no file of its own in `objects`, or a damaged one.
pub(super) fn read(objects: &Path, id: ObjectId, limit: u64) -> Option<Blob> {
    let compressed = read_regular_file(&path(objects, id)).ok()?;
    let mut object = Vec::new();
    let mut stream = ZlibDecoder::new(compressed.as_slice()).take(MAX_HEADER + limit + 1);
    let is_whole = stream.read_to_end(&mut object).is_ok();
    let (header, contents) = object.split_once_str(b"\0")?;
    let size: u64 = header.strip_prefix(b"blob ")?.to_str().ok()?.parse().ok()?;
    if size > limit {
        return Some(Blob::TooLarge);
    }
    (is_whole && contents.len() as u64 == size).then(|| Blob::Contents(contents.to_owned()))
}

fn path(objects: &Path, id: ObjectId) -> PathBuf {
    let id = id.to_string();
    objects.join(&id[..2]).join(&id[2..])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::{Blob, ObjectId, path, read};

    #[test]
    fn a_blob_is_read_whole_or_not_at_all() {
        let objects = tempfile::tempdir().unwrap();
        let id = ObjectId::from_hex("0123456789012345678901234567890123456789".as_bytes()).unwrap();
        let file = path(objects.path(), id);
        fs::create_dir(file.parent().unwrap()).unwrap();
        assert_eq!(read(objects.path(), id, 9), None);
        let deflated = |object: &[u8]| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(object).unwrap();
            encoder.finish().unwrap()
        };
        let whole = deflated(b"blob 3\0abc");
        for (bytes, limit, expected) in [
            (whole.clone(), 9, Some(Blob::Contents(b"abc".to_vec()))),
            (whole.clone(), 3, Some(Blob::Contents(b"abc".to_vec()))),
            (whole.clone(), 2, Some(Blob::TooLarge)),
            (deflated(b"blob 9999999\0abc"), 9, Some(Blob::TooLarge)),
            (deflated(b"blob 4\0abc"), 9, None),
            (deflated(b"blob 2\0abc"), 9, None),
            (deflated(b"tree 3\0abc"), 9, None),
            (deflated(b"blob x\0abc"), 9, None),
            (deflated(b"abc"), 9, None),
            (whole[..whole.len() - 6].to_vec(), 9, None),
            (Vec::new(), 9, None),
            (b"no zlib".to_vec(), 9, None),
        ] {
            fs::write(&file, bytes).unwrap();
            assert_eq!(read(objects.path(), id, limit), expected);
        }
    }
}
