//! libgit2 reads a loose object that was cut short without end: zlib waits for the rest,
//! and nobody tells it that there is none. So its reading is watched, by the time that
//! the processor spends on it; a slow disk takes none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Once, OnceLock};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long libgit2 may take for one thing, an object or a few.
const MOST: Duration = Duration::from_secs(5);

/// How long it may take to tell which commits of a long history are new.
const MOST_FOR_A_WALK: Duration = Duration::from_secs(40);

/// How long it is between two looks.
const STEP: Duration = Duration::from_millis(250);

/// When the reading is taken for endless, in milliseconds of this process; zero while
/// nothing is read.
static END: AtomicU64 = AtomicU64::new(0);

static ON_STALL: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Has `end` called, which ends the process, when libgit2 reads without end. Without it,
/// nothing is watched.
pub fn on_stall(end: impl Fn() + Send + Sync + 'static) {
    let _ = ON_STALL.set(Box::new(end));
}

/// A reading that is watched until this is dropped. Only one at a time is told apart.
#[derive(Debug)]
pub(super) struct Watch;

impl Watch {
    pub(super) fn start() -> Self {
        static WATCHING: Once = Once::new();
        WATCHING.call_once(|| {
            // Where there can be no thread, there is no watch either.
            let _ = thread::Builder::new().name("watch".to_owned()).spawn(watch);
        });
        Self::go_on();
        Self
    }

    /// Notes that something was read: the time begins anew.
    pub(super) fn go_on() {
        END.store(now() + millis(MOST), Ordering::Relaxed);
    }

    /// Notes that a long walk begins.
    pub(super) fn walk() {
        END.store(now() + millis(MOST_FOR_A_WALK), Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        END.store(0, Ordering::Relaxed);
    }
}

fn watch() {
    loop {
        thread::sleep(STEP);
        let end = END.load(Ordering::Relaxed);
        if end != 0
            && now() > end
            && let Some(on_stall) = ON_STALL.get()
        {
            on_stall();
        }
    }
}

/// The time that the processor has spent on this process, in milliseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(time.tv_sec * 1000 + time.tv_nsec / 1_000_000).unwrap_or_default()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
