//! libgit2 reads a loose object that was cut short without end: zlib waits for the rest,
//! and nobody tells it that there is none. So its reading is watched, by the time that
//! the processor spends on it; a slow disk takes none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Once, OnceLock};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long libgit2 may take for one thing, an object or a few.
const MOST: Duration = Duration::from_secs(5);

/// How long it is between two looks.
const STEP: Duration = Duration::from_millis(250);

/// Whether something is being read.
static IS_READING: AtomicBool = AtomicBool::new(false);

/// How many things were read. That is told for each object, so the clock is left to the
/// thread that watches.
static READ: AtomicU64 = AtomicU64::new(0);

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
        IS_READING.store(true, Ordering::Relaxed);
        Self
    }

    /// Notes that something was read: the time begins anew.
    pub(super) fn go_on() {
        READ.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        IS_READING.store(false, Ordering::Relaxed);
    }
}

fn watch() {
    let (mut begun, mut seen) = (now(), 0);
    loop {
        thread::sleep(STEP);
        let read = READ.load(Ordering::Relaxed);
        if read != seen || !IS_READING.load(Ordering::Relaxed) {
            (begun, seen) = (now(), read);
        } else if now() > begun + MOST
            && let Some(on_stall) = ON_STALL.get()
        {
            on_stall();
        }
    }
}

/// The time that the processor has spent on this process.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
