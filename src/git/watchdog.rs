//! A time limit for libgit2.
//!
//! libgit2 loops forever on a truncated loose object: zlib waits for more input, and libgit2
//! has none. It waits forever for a FIFO in the place of a file.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Once, OnceLock};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time that libgit2 may spend between two ticks, of the processor or waiting.
const MAX_TIME: Duration = Duration::from_secs(5);

/// The time between two readings of the clock.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

static IS_READING: AtomicBool = AtomicBool::new(false);

/// Progress counter, bumped for each object; only the watching thread reads the clock.
static TICKS: AtomicU64 = AtomicU64::new(0);

static ON_TIMEOUT: OnceLock<Box<dyn Fn(Stall) + Send + Sync>> = OnceLock::new();

/// Why libgit2 makes no progress.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stall {
    /// It uses the processor.
    Loop,
    /// It waits.
    Wait,
}

/// Sets the function that is called when libgit2 exceeds the limit.
///
/// It has to end the process. Without it there is no limit.
pub fn on_timeout(end: impl Fn(Stall) + Send + Sync + 'static) {
    let _ = ON_TIMEOUT.set(Box::new(end));
}

/// Limits the time of libgit2 until it is dropped. The process has a single limit.
#[derive(Debug)]
pub(super) struct Watchdog;

impl Watchdog {
    pub(super) fn start() -> Self {
        static WATCHING: Once = Once::new();
        WATCHING.call_once(|| {
            // If the thread cannot be started, there is no limit.
            let _ = thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
        });
        Self::tick();
        IS_READING.store(true, Ordering::Relaxed);
        Self
    }

    /// Restarts the time limit, because libgit2 has made progress.
    pub(super) fn tick() {
        TICKS.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        IS_READING.store(false, Ordering::Relaxed);
    }
}

fn watch() {
    let (mut start, mut waited, mut seen) = (processor_time(), Duration::ZERO, 0);
    loop {
        thread::sleep(POLL_INTERVAL);
        let ticks = TICKS.load(Ordering::Relaxed);
        if ticks != seen || !IS_READING.load(Ordering::Relaxed) {
            (start, waited, seen) = (processor_time(), Duration::ZERO, ticks);
            continue;
        }
        // Unlike a clock, this does not count the time while the process is stopped.
        waited += POLL_INTERVAL;
        let used = processor_time().saturating_sub(start);
        let stall = if used > MAX_TIME {
            Stall::Loop
        } else if waited > MAX_TIME && used < POLL_INTERVAL {
            Stall::Wait
        } else {
            continue;
        };
        if let Some(on_timeout) = ON_TIMEOUT.get() {
            on_timeout(stall);
        }
    }
}

/// Returns the processor time that this process has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
