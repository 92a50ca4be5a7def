//! Tells of most texts, by a few of their bytes, that no pattern of many matches.

use super::name::{Name, Names};

/// Sets of patterns, a bit each, and what a text must have to match one of a set.
#[derive(Debug)]
pub(super) struct Filter {
    /// What patterns begin with.
    heads: Vec<Head>,
    /// Where the heads are that begin with a byte.
    heads_of: [(u16, u16); 256],
    /// The sets of which a pattern begins with a byte; and those of which one may begin
    /// with any.
    beginnings: [u64; 256],
    any_beginning: u64,
    /// The same of the last byte.
    endings: [u64; 256],
    any_ending: u64,
    /// Two bytes, next to each other, of each pattern that does not begin with plain
    /// text: the bits that stand for them.
    pairs: [u64; 1 << 6],
    /// The second bytes of these.
    seconds: [bool; 256],
    /// The sets that have such patterns.
    paired: u64,
    /// The sets with a pattern that has nothing to tell it by.
    open: u64,
}

/// The first bytes of a pattern, eight at most, as a number of which the first is the lowest.
#[derive(Debug)]
struct Head {
    bytes: u64,
    mask: u64,
    sets: u64,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            heads: Vec::new(),
            heads_of: [(0, 0); 256],
            beginnings: [0; 256],
            any_beginning: 0,
            endings: [0; 256],
            any_ending: 0,
            pairs: [0; 1 << 6],
            seconds: [false; 256],
            paired: 0,
            open: 0,
        }
    }
}

impl Filter {
    /// Adds patterns to the sets.
    pub(super) fn add(&mut self, names: &Names, sets: u64) {
        for name in names.iter() {
            match name.plain() {
                Some(text) => self.add_text(text, sets),
                None => self.add_any(name, sets),
            }
        }
    }

    /// Adds what texts of these sets end with: with what one of the patterns does.
    pub(super) fn add_endings(&mut self, names: &Names, sets: u64) {
        for name in names.iter() {
            match name.plain().and_then(|text| text.bytes().last()) {
                None | Some(b'*') => self.any_ending |= sets,
                Some(byte) => self.endings[usize::from(byte)] |= sets,
            }
        }
    }

    fn add_any(&mut self, name: &Name, sets: u64) {
        if let Some(variants) = name.variants() {
            variants.for_each(|text| self.add_text(text, sets));
        } else {
            self.open |= sets;
            self.any_beginning |= sets;
        }
    }

    /// Adds a pattern of plain characters and `*`.
    fn add_text(&mut self, text: &str, sets: u64) {
        let head = text.split('*').next().unwrap_or_default().as_bytes();
        if let Some(first) = head.first() {
            let mask = u64::MAX >> (64 - 8 * head.len().min(8));
            self.heads.push(Head { bytes: first_eight(head), mask, sets });
            self.beginnings[usize::from(*first)] |= sets;
            return;
        }
        self.any_beginning |= sets;
        match rarest_pair(text.as_bytes()) {
            Some([first, second]) => {
                let (word, bit) = place(first, second);
                self.pairs[word] |= bit;
                self.seconds[usize::from(second)] = true;
                self.paired |= sets;
            }
            None => self.open |= sets,
        }
    }

    /// Makes ready for a search, once all is added.
    pub(super) fn sort(&mut self) {
        let first = |head: &Head| usize::from(head.bytes.to_le_bytes()[0]);
        self.heads.sort_unstable_by_key(first);
        let mut from = 0;
        for same in self.heads.chunk_by(|one, other| first(one) == first(other)) {
            let to = from + same.len();
            // More heads than can be counted are not searched: anything may match.
            match (u16::try_from(from), u16::try_from(to)) {
                (Ok(from), Ok(to)) => self.heads_of[first(&same[0])] = (from, to),
                _ => self.open = u64::MAX,
            }
            from = to;
        }
    }

    /// Those of the `wanted` sets of which a pattern could match `text`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the profile is for size, and this runs a million times")]
    pub(super) fn find(&self, text: &[u8], wanted: u64) -> u64 {
        let (Some(first), Some(last)) = (text.first(), text.last()) else { return 0 };
        let beginnings = self.beginnings[usize::from(*first)] | self.any_beginning;
        let endings = self.endings[usize::from(*last)] | self.any_ending;
        match wanted & beginnings & endings {
            0 => 0,
            wanted => self.find_inside(text, wanted),
        }
    }

    fn find_inside(&self, text: &[u8], wanted: u64) -> u64 {
        let mut found = self.open;
        let start = first_eight(text);
        let (from, to) = self.heads_of[usize::from(text[0])];
        for head in &self.heads[usize::from(from)..usize::from(to)] {
            if start & head.mask == head.bytes {
                found |= head.sets;
            }
        }
        if wanted & self.paired != 0 && self.has_pair(text) {
            found |= self.paired;
        }
        found & wanted
    }

    fn has_pair(&self, text: &[u8]) -> bool {
        let is_second = |byte: &u8| self.seconds[usize::from(*byte)];
        let (fours, rest) = text.as_chunks();
        let may_have =
            fours.iter().any(|[a, b, c, d]| is_second(a) | is_second(b) | is_second(c) | is_second(d))
                || rest.iter().any(is_second);
        may_have
            && text.windows(2).any(|pair| {
                let (word, bit) = place(pair[0], pair[1]);
                self.pairs[word] & bit != 0
            })
    }
}

/// Where the bit is that stands for a pair, and for some others.
fn place(first: u8, second: u8) -> (usize, u64) {
    (usize::from(first & 63), 1 << (second & 63))
}

/// Whether a text has neither a `/` in it nor a NUL, which no path has. Names are too short
/// for a search of more bytes at once to be worth its start.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the profile is for size, and this runs a million times")]
pub(super) fn is_one_component(text: &[u8]) -> bool {
    // A byte is zero where one can be taken from it only with a borrow, and its own highest
    // bit is not set (Warren, Hacker's Delight, 6-1).
    let zeros = |eight: u64| eight.wrapping_sub(0x0101_0101_0101_0101) & !eight & 0x8080_8080_8080_8080;
    let is_clear = |eight: &[u8; 8]| {
        let eight = u64::from_le_bytes(*eight);
        zeros(eight) | zeros(eight ^ 0x2f2f_2f2f_2f2f_2f2f) == 0
    };
    match text.last_chunk() {
        Some(last) => is_clear(last) && text.as_chunks().0.iter().all(is_clear),
        None => text.iter().all(|byte| !matches!(byte, 0 | b'/')),
    }
}

#[inline]
fn first_eight(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    let mut eight = [0; 8];
    eight[..text.len()].copy_from_slice(text);
    u64::from_le_bytes(eight)
}

/// Of the pairs of bytes that each match of a text of plain characters and `*` has, the
/// one whose second byte names have least often.
fn rarest_pair(text: &[u8]) -> Option<[u8; 2]> {
    let pairs = text.windows(2).filter(|pair| !pair.contains(&b'*'));
    pairs.max_by_key(|pair| RARITY[usize::from(pair[1])]).map(|pair| [pair[0], pair[1]])
}

/// How rare a byte is in names: its place among the frequent ones.
const RARITY: [u8; 256] = {
    /// The most frequent first, in the names of tracked files.
    const FREQUENT: &[u8; 31] = b"etas.r_icdon-plmfbguhvkwy012345";
    let mut rarity = [u8::MAX; 256];
    let mut place = 0;
    while (place as usize) < FREQUENT.len() {
        rarity[FREQUENT[place as usize] as usize] = place;
        place += 1;
    }
    rarity
};
