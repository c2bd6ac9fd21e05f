//! The cost of sanitizing a megabyte of text: time and peak memory, next to the library that builds a browser's document.

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;

const BYTES: usize = 1 << 20;

/// Kinds of text, and whether the baseline can be given a megabyte of it.
fn texts() -> [(&'static str, bool, String); 9] {
    let fill = |part: &str| part.repeat(BYTES / part.len());
    let mut formats = "<p>".to_owned();
    for number in 1..30_000 {
        let _ = write!(formats, "<b id=a{number}></x>");
    }
    formats.push_str(&"<p>x".repeat(80_000));
    formats.truncate(BYTES);
    [
        ("plain text", true, fill("Called Ada about the fee, 1 < 2 & 3.\n")),
        (
            "paragraphs",
            true,
            fill("<p>Called <b>Ada</b> about the <a href=\"https://a.example/?x=1&amp;y=2\">FDD</a> &amp; fees.</p>\n"),
        ),
        ("Word", true, fill("<p class=MsoNormal style='margin:0in'><span lang=EN-US>Called Ada<o:p></o:p></span></p>")),
        ("open formats", false, formats),
        ("definitions and items", false, fill("<dd><li>")),
        ("links", false, fill("<a>x")),
        ("brackets", true, fill("<")),
        ("open quotes", true, fill("<a href=\"<a href='")),
        ("ampersands", true, fill("&")),
    ]
}

/// Prints the cost of each kind.
pub(crate) fn measure() -> anyhow::Result<()> {
    for (label, has_baseline, text) in texts() {
        let (ms, mb) = cost(|| drop(black_box(tetherboard_sync::sanitize_html(&text))))?;
        let baseline = match has_baseline {
            true => {
                let (ms, mb) = cost(|| drop(black_box(ammonia::clean(&text))))?;
                format!("{ms:>6.0} ms, {mb:>5.1} MB")
            }
            false => "not measured: takes gigabytes".to_owned(),
        };
        println!("1 MB of {label:<24} {ms:>6.1} ms, {mb:>5.1} MB; baseline {baseline}");
    }
    Ok(())
}

/// Milliseconds, and by how many megabytes the peak memory is above what was in use before.
fn cost(work: impl Fn()) -> anyhow::Result<(f64, f64)> {
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = kilobytes("VmRSS:")?;
    let started = Instant::now();
    work();
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    Ok((ms, (kilobytes("VmHWM:")? - before) / 1_024.0))
}

fn kilobytes(label: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(label)).context("/proc/self/status has no such line")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
