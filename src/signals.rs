//! Signals that would end the program, taken down instead while something must not
//! be left half done.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// What came since [`Signals::caught`] was called.
#[derive(Debug)]
pub struct Signals(Arc<AtomicBool>);

impl Signals {
    /// From here on, no signal ends the program but those that nothing can catch.
    ///
    /// # Errors
    ///
    /// The system does not let them be caught.
    pub fn caught() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            flag::register(signal, Arc::clone(&came))?;
        }
        // A file that grows too long is an error of the write then.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(Self(came))
    }

    /// Whether one came.
    #[must_use]
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
