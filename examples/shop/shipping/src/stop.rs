use std::io;

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

/// Ends the process when it gets SIGTERM. As the first process of a container it would otherwise not even notice: there, a signal
/// without a handler does nothing.
pub fn end_on_sigterm() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            std::process::exit(0);
        }
    });
    Ok(())
}
