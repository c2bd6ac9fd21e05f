//! CPU time and peak memory of this process, read from `/proc`.

use std::time::Instant;

use anyhow::Context;

/// The CPU time that the process had used at one moment.
pub(crate) struct Usage {
    cpu_seconds: f64,
}

/// `/proc` reports CPU time in ticks of 10 ms on all current Linux systems.
const TICKS_PER_SECOND: f64 = 100.0;

impl Usage {
    /// The CPU time used so far.
    pub(crate) fn now() -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let after_name = stat.rsplit_once(')').context("/proc/self/stat has no name")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(Self { cpu_seconds: ticks / TICKS_PER_SECOND })
    }

    /// Prints the CPU time, wall time, and throughput since this value was taken, and the peak memory.
    pub(crate) fn print(&self, label: &str, records: usize, started: Instant) -> anyhow::Result<()> {
        let cpu = (Self::now()?.cpu_seconds - self.cpu_seconds).max(0.01);
        let wall = started.elapsed().as_secs_f64();
        println!(
            "{label:<32} {cpu:>6.2} s CPU, {wall:>6.2} s wall, {:>9.0} records per CPU-second, peak {} MB",
            records as f64 / cpu,
            peak_mb()?
        );
        Ok(())
    }
}

fn peak_mb() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("/proc/self/status has no peak memory")?;
    let kb: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kb / 1_024)
}
