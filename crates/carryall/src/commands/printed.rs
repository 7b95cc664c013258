//! What a command says on its standard output.

use std::io::{self, BufWriter, ErrorKind, Write};

/// Prints through a buffer, to the end. Whoever reads may have read enough, as `head` has: that is no
/// error, and the command ends as it would have.
pub fn printed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => {
            // What is still in the buffer has no reader; dropping it would try once more.
            let _ = out.into_parts();
            Ok(())
        }
    }
}
