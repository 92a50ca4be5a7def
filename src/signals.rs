//! Signals that are recorded instead of ending the program.
//!
//! They are caught while files are moved, so that the moves can be rolled back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// Records whether a signal arrived after [`Signals::catch`].
#[derive(Debug)]
pub(crate) struct Signals(Arc<AtomicBool>);

impl Signals {
    /// Catches SIGHUP, SIGINT, SIGQUIT and SIGTERM for the rest of the process.
    ///
    /// # Errors
    ///
    /// A handler cannot be installed.
    pub(crate) fn catch() -> io::Result<Self> {
        let received = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            flag::register(signal, Arc::clone(&received))?;
        }
        // If this signal is caught, a write beyond the file size limit returns an error.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(Self(received))
    }

    /// Whether a signal arrived.
    #[must_use]
    pub(crate) fn received(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
