//! What was looked up lately, as far as there is room for it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem;

/// Keeps values until there are too many, and those longer that are asked for again:
/// when the young ones fill the room they become the old ones, and what was old by then
/// and was not asked for since is let go.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V, BuildHasherDefault<Same>>,
    old: HashMap<K, V, BuildHasherDefault<Same>>,
    /// How much the young ones take.
    taken: usize,
    /// How much they may.
    room: usize,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    /// There are never values of more than twice the `room`, and of what the last one takes.
    pub(super) fn with_room(room: usize) -> Self {
        Self { young: HashMap::default(), old: HashMap::default(), taken: 0, room }
    }

    /// The value of `key`: the one that is kept, or else what `look_up` answers. It takes the
    /// room that `size` says.
    pub(super) fn get<E>(
        &mut self,
        key: K,
        look_up: impl FnOnce(K) -> Result<V, E>,
        size: impl FnOnce(&V) -> usize,
    ) -> Result<V, E> {
        if let Some(value) = self.young.get(&key) {
            return Ok(value.clone());
        }
        let value = self.old.remove(&key).map_or_else(|| look_up(key), Ok)?;
        if self.taken > self.room {
            self.old = mem::take(&mut self.young);
            self.taken = 0;
        }
        self.taken += size(&value);
        self.young.insert(key, value.clone());
        Ok(value)
    }
}

/// Takes a number for its hash.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
