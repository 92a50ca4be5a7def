//! Trees as git holds them: `<mode> SP <name> NUL <id>`, one entry behind the other
//! (gitformat-pack has no word on it; `decode_tree_entry` of git does the same).

use std::cmp::Ordering;

use bstr::ByteSlice;
use git2::{ObjectType, OdbObject};

use super::{Cause, ObjectId};

/// How long an id is, in bytes: libgit2 opens no repository of another format.
const ID: usize = 20;

/// A tree that is read as it is, and is whole.
pub(super) struct Tree<'o>(OdbObject<'o>);

impl<'o> Tree<'o> {
    /// Takes an object for a tree.
    ///
    /// # Errors
    ///
    /// It is none, or not all of it can be told apart into entries.
    pub(super) fn of(object: OdbObject<'o>) -> Result<Self, Cause> {
        let tree = Self(object);
        let mut entries = tree.entries();
        while let Some((_, _, _, behind)) = parts(entries.0) {
            entries.0 = behind;
        }
        if tree.0.kind() == ObjectType::Tree && entries.0.is_empty() {
            Ok(tree)
        } else {
            Err(Cause::new(format!("{} is no tree, or a damaged one", tree.0.id())))
        }
    }

    pub(super) fn entries(&self) -> Entries<'_> {
        Entries(self.0.data())
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }
}

/// The entries of a tree from one on.
pub(super) struct Entries<'t>(&'t [u8]);

impl<'t> Entries<'t> {
    /// Passes over the entries that come next in both, byte for byte.
    pub(super) fn pass_over_common(&mut self, other: &mut Self) {
        let common = common_prefix(self.0, other.0);
        let mut passed = 0;
        if common == self.0.len() && common == other.0.len() {
            passed = common;
        } else {
            while let Some(nul) = self.0[passed..common].find_byte(0)
                && passed + nul + 1 + ID <= common
            {
                passed += nul + 1 + ID;
            }
        }
        (self.0, other.0) = (&self.0[passed..], &other.0[passed..]);
    }

    /// The entry that stands where `sought` does, by name and by whether it is a tree.
    /// Those before it are passed over.
    pub(super) fn find(&mut self, sought: &Entry) -> Option<Entry<'t>> {
        loop {
            let mut behind = Entries(self.0);
            let entry = behind.next()?;
            match order(&entry, sought) {
                Ordering::Less => *self = behind,
                Ordering::Equal => {
                    *self = behind;
                    return Some(entry);
                }
                Ordering::Greater => return None,
            }
        }
    }
}

impl<'t> Iterator for Entries<'t> {
    type Item = Entry<'t>;

    /// Nothing at the end, and where no entry stands.
    fn next(&mut self) -> Option<Entry<'t>> {
        let (mode, name, id, behind) = parts(self.0)?;
        self.0 = behind;
        Some(Entry { mode: canonical(mode), name, id: ObjectId::Sha1(*id) })
    }
}

/// Mode, name and id of an entry, and what is behind it.
type Parts<'t> = (u32, &'t [u8], &'t [u8; ID], &'t [u8]);

/// The first entry.
#[inline]
fn parts(entries: &[u8]) -> Option<Parts<'_>> {
    let (mode, behind) = mode(entries)?;
    let (name, behind) = behind.split_at(behind.find_byte(0).filter(|length| *length > 0)?);
    let (id, behind) = behind[1..].split_first_chunk()?;
    Some((mode, name, id, behind))
}

/// A name in a tree, and what has it.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) struct Entry<'t> {
    /// One of those that git writes today.
    pub(super) mode: u32,
    pub(super) name: &'t [u8],
    pub(super) id: ObjectId,
}

impl Entry<'_> {
    pub(super) fn is_tree(&self) -> bool {
        self.mode == TREE
    }

    /// What it is ordered by, from a byte of the name on.
    fn key_from(&self, start: usize) -> impl Iterator<Item = u8> {
        self.name[start..].iter().copied().chain(self.is_tree().then_some(b'/'))
    }
}

const TREE: u32 = 0o040_000;

/// How many digits a mode has at most.
const LONGEST_MODE: usize = 7;

/// Reads a mode, octal digits up to a space. Gives what is behind it as well.
fn mode(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut mode = 0;
    for (at, byte) in text.iter().enumerate().take(LONGEST_MODE + 1) {
        match byte {
            b'0'..=b'7' => mode = mode << 3 | u32::from(byte - b'0'),
            b' ' if at > 0 => return Some((mode, &text[at + 1..])),
            _ => break,
        }
    }
    None
}

/// A mode as git takes it (`canon_mode`): old trees have others than it writes today.
fn canonical(mode: u32) -> u32 {
    let is_executable = mode & 0o100 != 0;
    match mode & 0o170_000 {
        TREE => TREE,
        0o100_000 if is_executable => 0o100_755,
        0o100_000 => 0o100_644,
        0o120_000 => 0o120_000,
        _ => 0o160_000,
    }
}

/// The order of entries in a tree: a directory stands where its name with a `/` would
/// (`base_name_compare` of git). So a file and a directory of one name are no equals.
fn order(one: &Entry, other: &Entry) -> Ordering {
    let common = one.name.len().min(other.name.len());
    one.name[..common]
        .cmp(&other.name[..common])
        .then_with(|| one.key_from(common).cmp(other.key_from(common)))
}

/// How many bytes two texts begin with in common.
fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    // By pieces, as memory is compared fastest.
    const PIECE: usize = 32;
    let pieces = one.as_chunks::<PIECE>().0.iter().zip(other.as_chunks::<PIECE>().0);
    let whole = pieces.take_while(|(one, other)| one == other).count() * PIECE;
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(one, other)| one == other).count()
}
