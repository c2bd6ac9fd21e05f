//! This process's CPU time and peak memory, as Linux tells them.

use std::time::Instant;

use anyhow::Context;

pub(crate) struct Usage {
    cpu_seconds: f64,
}

/// Linux counts CPU time in hundredths of a second, on every machine it runs on today.
const TICKS_A_SECOND: f64 = 100.0;

impl Usage {
    pub(crate) fn now() -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat")?;
        let after_name = stat.rsplit_once(')').context("/proc/self/stat has no name")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(Self { cpu_seconds: ticks / TICKS_A_SECOND })
    }

    pub(crate) fn print(&self, what: &str, records: usize, started: Instant) -> anyhow::Result<()> {
        let cpu = (Self::now()?.cpu_seconds - self.cpu_seconds).max(0.01);
        let wall = started.elapsed().as_secs_f64();
        println!(
            "{what:<32} {cpu:>6.2} s CPU, {wall:>6.2} s in all, {:>9.0} records per CPU-second, peak {} MB",
            records as f64 / cpu,
            peak_mb()?
        );
        Ok(())
    }
}

fn peak_mb() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak of memory is told")?;
    let kb: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kb / 1_024)
}
