//! One run of one program: time on the wall, time of the processors, peak memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// From start to end.
    pub wall: Duration,
    /// User and system, all threads.
    pub cpu: Duration,
    /// The most memory that was resident at once.
    pub peak_rss_bytes: u64,
}

/// Runs a program to its end with standard output going to `sink`. `ends` are the codes of success.
pub fn run(command: &mut Command, sink: &Path, ends: &[i32]) -> Result<Run> {
    let out = File::create(sink).with_context(|| format!("write to {}", sink.display()))?;
    let start = Instant::now();
    let child = spawn(command.stdout(out))?;
    let (status, usage) = wait::with_usage(child)?;
    let wall = start.elapsed();
    check(command, status, ends)?;
    Ok(Run {
        wall,
        cpu: usage.cpu,
        peak_rss_bytes: usage.peak_rss_bytes,
    })
}

/// Runs a program once to count what it writes, which also warms the page cache.
pub fn count_bytes(command: &mut Command, ends: &[i32]) -> Result<u64> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut out = child.stdout.take().context("no pipe")?;
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match out.read(&mut buffer)? {
            0 => break,
            read => bytes += read as u64,
        }
    }
    check(command, child.wait()?, ends)?;
    Ok(bytes)
}

/// How long until the first record of a list, a line that starts with `{"`, has been written.
pub fn until_first_record(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let mut lines = BufReader::new(child.stdout.take().context("no pipe")?);
    let mut line = Vec::new();
    let mut found = None;
    while found.is_none() && lines.read_until(b'\n', &mut line)? > 0 {
        if line.starts_with(b"{\"") {
            found = Some(start.elapsed());
        }
        line.clear();
    }
    child.kill()?;
    child.wait()?;
    found.with_context(|| format!("{command:?} wrote no record"))
}

fn spawn(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        // What they say beside the table would tear it; a failure names the command to run by hand.
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("start {}", command.get_program().display()))
}

fn check(command: &Command, status: ExitStatus, ends: &[i32]) -> Result<()> {
    let ended = status.code().is_some_and(|code| ends.contains(&code));
    ensure!(ended, "{command:?} ended with {status}");
    Ok(())
}

/// The standard library waits without asking for the child's use of resources.
mod wait {
    #![expect(unsafe_code, reason = "wait4 has no safe form")]

    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, ExitStatus};
    use std::time::Duration;
    use std::{io, mem};

    /// What a child used.
    pub struct Usage {
        pub cpu: Duration,
        pub peak_rss_bytes: u64,
    }

    /// Waits for the child, whose process id is free afterwards: hence by value.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "nobody may wait for it again"
    )]
    pub fn with_usage(child: Child) -> io::Result<(ExitStatus, Usage)> {
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        let mut status = 0;
        // SAFETY: `rusage` is plain numbers, for which zero is a value.
        let mut usage: libc::rusage = unsafe { mem::zeroed() };
        // SAFETY: both pointers are to locals that outlive the call.
        let ended = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if ended != pid {
            return Err(io::Error::last_os_error());
        }
        let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
        // Linux counts in KiB.
        let peak_rss_bytes = u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024;
        Ok((
            ExitStatus::from_raw(status),
            Usage {
                cpu,
                peak_rss_bytes,
            },
        ))
    }

    fn duration(time: libc::timeval) -> Duration {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    }
}
