//! Filters that reject most names by a few of their bytes, for many patterns at once.

use bstr::ByteSlice;

use super::expand::is_special;
use super::name::{Name, Names};

/// A set of rules, one bit each.
pub(super) type Rules = u64;

/// Finds the rules that have a pattern which may match a text.
///
/// A text can match a pattern only if its first and last bytes are those of the pattern (unless
/// these are `*`), and if it contains a trigram of the pattern's plain text.
#[derive(Debug)]
pub(super) struct TrigramFilter {
    first: ByteTable,
    last: ByteTable,
    /// One trigram of each pattern, one bit each.
    trigrams: Vec<u64>,
    /// The rules of these trigrams, by a hash of the trigram.
    rules_by_hash: Vec<Rules>,
    /// The rules that have a pattern without a trigram.
    without_trigram: Rules,
}

/// Sets of rules by a byte of a text.
#[derive(Debug)]
struct ByteTable {
    rules: [Rules; 256],
    /// The rules that accept any byte.
    any: Rules,
}

impl Default for TrigramFilter {
    fn default() -> Self {
        Self {
            first: ByteTable::default(),
            last: ByteTable::default(),
            trigrams: vec![0; TRIGRAM_WORDS],
            rules_by_hash: vec![0; TRIGRAM_HASHES],
            without_trigram: 0,
        }
    }
}

impl Default for ByteTable {
    fn default() -> Self {
        Self { rules: [0; 256], any: 0 }
    }
}

impl ByteTable {
    /// Adds `rules` for the byte at an end of a pattern.
    fn add(&mut self, byte: Option<u8>, rules: Rules) {
        match byte {
            None | Some(b'*') => self.any |= rules,
            Some(byte) => self.rules[usize::from(byte)] |= rules,
        }
    }

    fn get(&self, byte: u8) -> Rules {
        self.rules[usize::from(byte)] | self.any
    }
}

impl TrigramFilter {
    /// Adds the patterns `names` of `rules`. A matching text ends like one of `endings`.
    pub(super) fn add(&mut self, names: &Names, endings: &Names, rules: Rules) {
        for name in names.iter() {
            match name.expanded() {
                Some(texts) => texts.for_each(|text| self.add_text(text.as_bytes(), rules)),
                None => self.add_text(b"*", rules),
            }
        }
        for ending in endings.iter() {
            match ending.expanded() {
                Some(texts) => texts.for_each(|text| self.last.add(text.bytes().last(), rules)),
                None => self.last.add(None, rules),
            }
        }
    }

    /// Adds a pattern of plain characters and `*`.
    fn add_text(&mut self, text: &[u8], rules: Rules) {
        self.first.add(text.first().copied(), rules);
        // Prefers the rarer trigram: `st_` of `test_*`, `og.` of `*_log.txt`, and `not` of `notes.md`.
        let trigram = if text.contains(&b'*') {
            let stem_end = |plain: &[u8]| plain.rfind_byte(b'.').map_or(plain.len(), |dot| dot + 1);
            text.split(|byte| *byte == b'*')
                .find_map(|plain| plain[..stem_end(plain)].last_chunk().or_else(|| plain.last_chunk()))
        } else {
            text.first_chunk()
        };
        match trigram {
            Some([a, b, c]) => {
                let trigram = push(push(push(0, *a), *b), *c);
                self.trigrams[trigram / 64] |= 1 << (trigram % 64);
                self.rules_by_hash[trigram_hash(trigram)] |= rules;
            }
            None => self.without_trigram |= rules,
        }
    }

    /// Returns the subset of `rules` with a pattern that may match `text`.
    #[inline]
    pub(super) fn find(&self, text: &[u8], rules: Rules) -> Rules {
        let (Some(first), Some(last)) = (text.first(), text.last()) else { return 0 };
        match rules & self.first.get(*first) & self.last.get(*last) {
            0 => 0,
            rules => rules & (self.without_trigram | self.rules_by_trigram(text)),
        }
    }

    /// Returns a superset of the rules that have a pattern with a trigram of `text`.
    fn rules_by_trigram(&self, text: &[u8]) -> Rules {
        let mut trigram = 0;
        text.iter().fold(0, |rules, byte| {
            trigram = push(trigram, *byte);
            let is_known = self.trigrams[trigram / 64] & 1 << (trigram % 64) != 0;
            if is_known { rules | self.rules_by_hash[trigram_hash(trigram)] } else { rules }
        })
    }
}

/// The size of a set of trigrams, in words of 64 bits.
///
/// A trigram keeps the low six bits of each byte, which distinguish upper and lower case.
const TRIGRAM_WORDS: usize = 1 << 12;

/// Returns the trigram that ends in `byte`; `before` is the trigram that ends before it.
fn push(before: usize, byte: u8) -> usize {
    (before << 6 | usize::from(byte & 63)) % (TRIGRAM_WORDS << 6)
}

/// The number of hashes of trigrams, a power of two.
const TRIGRAM_HASHES: usize = 1 << 12;

fn trigram_hash(trigram: usize) -> usize {
    (trigram ^ trigram >> 7) % TRIGRAM_HASHES
}

/// Rejects names by their first byte and their length, for many patterns at once.
#[derive(Debug)]
pub(super) struct LengthFilter {
    /// For each first byte, the lengths of matching names, one bit each.
    lengths: [u32; 256],
}

impl Default for LengthFilter {
    fn default() -> Self {
        Self { lengths: [0; 256] }
    }
}

impl LengthFilter {
    /// Adds patterns.
    pub(super) fn add<'n>(&mut self, names: impl Iterator<Item = &'n Name>) {
        for text in names.map(Name::as_str) {
            let lengths = if text.bytes().any(is_special) { u32::MAX } else { length_bit(text.len()) };
            match text.bytes().next().filter(|byte| !is_special(*byte)) {
                Some(first) => self.lengths[usize::from(first)] |= lengths,
                None => self.lengths.iter_mut().for_each(|all| *all |= lengths),
            }
        }
    }

    /// Returns whether a pattern may match `name`.
    pub(super) fn may_match(&self, name: &[u8]) -> bool {
        name.first().is_some_and(|first| self.lengths[usize::from(*first)] & length_bit(name.len()) != 0)
    }
}

/// Returns the bit of a length; the longest lengths share one.
fn length_bit(length: usize) -> u32 {
    1 << length.min(31)
}
