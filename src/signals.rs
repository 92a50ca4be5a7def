//! Signals that end the program: child processes end with it, or a command rolls back first.

use std::fs;
use std::io;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals as Arrivals;
use signal_hook::{flag, low_level};

/// The signals that end the program and its child processes.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Whether a signal arrived after [`Signals::catch`]. Empty before it is called.
static RECEIVED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Whether the time limit of [`limit_time`] is exceeded.
static TIMED_OUT: AtomicBool = AtomicBool::new(false);

/// The time that a process has after [`limit_time`] has ended its child processes.
const GRACE: Duration = Duration::from_millis(500);

/// The child processes that [`spawn`] started and that have not ended.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Records whether a signal arrived after [`Signals::catch`], instead of ending the process.
#[derive(Debug)]
pub(crate) struct Signals(Arc<AtomicBool>);

impl Signals {
    /// Catches SIGHUP, SIGINT, SIGQUIT and SIGTERM for the rest of the process.
    ///
    /// A signal still ends the child processes, and [`spawn`] fails after it.
    ///
    /// # Errors
    ///
    /// A handler cannot be installed.
    pub(crate) fn catch() -> io::Result<Self> {
        let received = RECEIVED.get().cloned().unwrap_or_default();
        for signal in not_ignored(&ENDING) {
            flag::register(signal, Arc::clone(&received))?;
        }
        // If this signal is caught, a write beyond the file size limit returns an error.
        flag::register(SIGXFSZ, Arc::default())?;
        // Set after the handlers: until then, a signal that `listen` gets ends the process.
        Ok(Self(Arc::clone(RECEIVED.get_or_init(|| received))))
    }

    /// Whether a signal arrived.
    #[must_use]
    pub(crate) fn received(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The registration of a child process, until this is dropped.
#[derive(Debug)]
pub(crate) struct Registration(Pid);

impl Drop for Registration {
    fn drop(&mut self) {
        running().retain(|pid| *pid != self.0);
    }
}

/// Ends the child processes after `limit`, and starts none after that.
///
/// Then it calls `end`, unless the process has ended in the meantime: it may wait for anything else.
pub(crate) fn limit_time(limit: Duration, end: impl FnOnce() + Send + 'static) {
    let end = move || {
        thread::sleep(limit);
        {
            let running = running();
            TIMED_OUT.store(true, Ordering::Relaxed);
            kill_all(&running, Signal::KILL);
        }
        thread::sleep(GRACE);
        end();
    };
    // If the thread cannot be started, there is no limit.
    let _ = thread::Builder::new().name("limit".to_owned()).spawn(end);
}

/// Whether the time limit of [`limit_time`] is exceeded.
#[must_use]
pub(crate) fn is_limit_exceeded() -> bool {
    TIMED_OUT.load(Ordering::Relaxed)
}

/// Starts a child process that a signal ends together with this process.
///
/// # Errors
///
/// The program cannot be started, or a signal arrived after [`Signals::catch`].
pub(crate) fn spawn(command: &mut Command) -> io::Result<(Child, Registration)> {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(listen);
    // While this is locked, a signal waits until the child is registered.
    let mut running = running();
    if RECEIVED.get().is_some_and(|received| received.load(Ordering::Relaxed)) {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted by a signal"));
    }
    if is_limit_exceeded() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let child = command.spawn()?;
    let pid = Pid::from_child(&child);
    running.push(pid);
    Ok((child, Registration(pid)))
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread that passes signals on, and waits until it handles them.
///
/// Without the thread there are no handlers, and signals end only this process.
fn listen() {
    let (ready, is_ready) = mpsc::sync_channel(1);
    let pass_on = move || {
        let arrivals = Arrivals::new(not_ignored(&ENDING));
        let _ = ready.send(());
        if let Ok(mut arrivals) = arrivals {
            arrivals.forever().for_each(end_with);
        }
    };
    if thread::Builder::new().spawn(pass_on).is_ok() {
        let _ = is_ready.recv();
    }
}

/// Passes a signal on to the child processes, and ends this process unless signals are caught.
fn end_with(signal: i32) {
    let running = running();
    if let Some(signal) = Signal::from_named_raw(signal).filter(|signal| !is_from_terminal(*signal)) {
        kill_all(&running, signal);
    }
    if RECEIVED.get().is_none() {
        let _ = low_level::emulate_default_handler(signal);
    }
}

/// Sends a signal to processes and their descendants.
fn kill_all(running: &[Pid], signal: Signal) {
    let mut pids = running.to_vec();
    for pid in running {
        add_descendants(*pid, &mut pids);
    }
    for pid in pids {
        let _ = kill_process(pid, signal);
    }
}

/// Whether the terminal has sent `signal` to the child processes too.
///
/// A second one could interrupt a hook that is restoring files after the first.
fn is_from_terminal(signal: Signal) -> bool {
    let is_in_foreground = || Some(tcgetpgrp(fs::File::open("/dev/tty").ok()?).ok()? == getpgrp());
    matches!(signal, Signal::INT | Signal::QUIT) && is_in_foreground().unwrap_or(false)
}

/// Adds the children of a process and their children, if the system has `/proc`.
fn add_descendants(pid: Pid, pids: &mut Vec<Pid>) {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for task in tasks {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_ascii_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?))
        {
            pids.push(child);
            add_descendants(child, pids);
        }
    }
}

/// Returns the `signals` that the process does not ignore, as `nohup` makes it ignore SIGHUP.
fn not_ignored(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    signals.iter().copied().filter(|signal| mask >> (signal - 1) & 1 == 0).collect()
}
