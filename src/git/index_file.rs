//! Whether an index file is whole. `git` takes a file that was cut short or changed
//! for what it seems to be: it does not verify the checksum, and reads entries past
//! the end. So before git is believed, the file is verified here, as libgit2 does
//! for those that it reads. What the entries say is git's to tell.
//!
//! The format is gitformat-index(5).

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Cause, Error, Place};

/// The index that git uses in `place`: what `GIT_INDEX_FILE` names, counted from
/// the top of the worktree, or the git directory's own.
pub(super) fn path(place: &Place) -> PathBuf {
    match env::var_os("GIT_INDEX_FILE") {
        Some(path) => place.top.join(path),
        None => place.git_dir.join("index"),
    }
}

/// Checks the index of `place`, and the shared index that it builds on where it
/// is a split one. No file at all is an empty index. `id_len` is the length of an
/// object id in bytes.
///
/// # Errors
///
/// A file cannot be read, or ends before what it announces does.
pub(super) fn verify(place: &Place, id_len: usize) -> Result<(), Error> {
    let path = path(place);
    let Some(shared) = verify_file(&path, id_len)? else { return Ok(()) };
    verify_file(&place.git_dir.join(format!("sharedindex.{shared}")), id_len).map(drop)
}

/// Checks one file; gives the id of its shared index, if it has one.
fn verify_file(path: &Path, id_len: usize) -> Result<Option<String>, Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::ReadFile(path.to_owned(), error)),
    };
    walk(&bytes, id_len).filter(|_| is_checksum_right(&bytes, id_len)).ok_or_else(|| Error::ReadIndex {
        path: path.to_owned(),
        source: Cause("it is damaged, cut short, or no index".to_owned()),
    })
}

/// Whether the last bytes are the hash of all before them. Under `index.skipHash`
/// they are zeros, and say nothing.
fn is_checksum_right(bytes: &[u8], id_len: usize) -> bool {
    let (content, checksum) = bytes.split_at(bytes.len() - id_len);
    let is_skipped = checksum.iter().all(|byte| *byte == 0);
    is_skipped
        || match id_len {
            20 => Sha1::digest(content)[..] == *checksum,
            _ => Sha256::digest(content)[..] == *checksum,
        }
}

/// Walks the header, the entries and the extensions up to the checksum, which
/// must be all that is left. Gives the id of the shared index, in hexadecimal;
/// the outer nothing is a file that is not whole.
#[expect(clippy::option_option, reason = "not whole, whole, and whole with a shared index")]
fn walk(bytes: &[u8], id_len: usize) -> Option<Option<String>> {
    let mut rest = bytes.strip_prefix(b"DIRC")?;
    let version = take_u32(&mut rest)?;
    let count = take_u32(&mut rest)?;
    for _ in 0..count {
        rest = match version {
            2 | 3 => after_padded_entry(rest, id_len)?,
            4 => after_compressed_entry(rest, id_len)?,
            _ => return None,
        };
    }
    let mut shared = None;
    while rest.len() > id_len {
        let signature = take(&mut rest, 4)?;
        let size = take_u32(&mut rest)?;
        let content = take(&mut rest, usize::try_from(size).ok()?)?;
        if signature == b"link" {
            let id = content.get(..id_len)?;
            let is_null = id.iter().all(|byte| *byte == 0);
            shared = (!is_null).then(|| hexadecimal(id));
        }
    }
    (rest.len() == id_len).then_some(shared)
}

fn hexadecimal(id: &[u8]) -> String {
    id.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Ten numbers of 32 bits, the object id, the flags.
fn after_fixed_part(mut entry: &[u8], id_len: usize) -> Option<&[u8]> {
    const EXTENDED: u8 = 0x40;
    take(&mut entry, 40 + id_len)?;
    let flags = take(&mut entry, 2)?;
    if flags[0] & EXTENDED != 0 {
        take(&mut entry, 2)?;
    }
    Some(entry)
}

/// Versions 2 and 3: the name, and 1 to 8 NULs up to a multiple of 8 bytes.
fn after_padded_entry(entry: &[u8], id_len: usize) -> Option<&[u8]> {
    let name = after_fixed_part(entry, id_len)?;
    let name_end = entry.len() - name.len() + name.iter().position(|byte| *byte == 0)?;
    entry.get((name_end + 8) & !7..)
}

/// Version 4: how much of the name before is dropped, as a varint; what is put in
/// its place, and a NUL.
fn after_compressed_entry(entry: &[u8], id_len: usize) -> Option<&[u8]> {
    let varint = after_fixed_part(entry, id_len)?;
    let varint_end = varint.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let suffix = &varint[varint_end..];
    suffix.get(suffix.iter().position(|byte| *byte == 0)? + 1..)
}

fn take<'b>(bytes: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*taken))
}
