//! Text that breaks careless code: markup, formulas, bidirectional text, control characters, and blanks.

/// First and last names.
pub(crate) const NAMES: [(&str, &str); 14] = [
    ("<script>alert(1)</script>", "O'Brien"),
    ("=cmd|' /C calc'!A0", "Hughes"),
    ("   ", "  "),
    ("Zoë 🥯", "Müller-Łukasiewicz"),
    ("\u{202E}evil", "Right"),
    ("محمد", "الأحمد"),
    ("שירה", "לוי"),
    ("李", "小龙"),
    ("\"><img src=x onerror=alert(1)>", "Quote\"Quote"),
    ("+1-555-0100", "@SUM(A1:A9)"),
    ("Anne\u{0}Marie", "Null"),
    ("Line\nBreak", "Tab\there"),
    ("👨\u{200D}👩\u{200D}👧\u{200D}👦", "Famil\u{301}y"),
    ("{{7*7}}${7*7}", "%3Cb%3E&amp;"),
];

/// Note texts.
pub(crate) const NOTES: [&str; 8] = [
    "<script>alert(1)</script><p>Called, no answer</p>",
    "<img src=\"http://tracker.example/p.gif\" onerror=\"alert(1)\"><b>Very</b> interested",
    "<p style=\"position:fixed;inset:0\">Left voicemail<p><p>unclosed <b>bold <i>and italic",
    "<a href=\"javascript:alert(1)\">website</a> =HYPERLINK(\"http://x.example\",\"click\")",
    "\u{202E}txet desrever\u{202C} then normal 😀",
    "   ",
    "<!-- pasted --><table><tr><td>1</td></tr></table>&nbsp;&nbsp;&#x41;&lt;b&gt;",
    "</textarea></div></body></html>Still here",
];

/// A name too long for most layouts.
pub(crate) fn long_name() -> String {
    "Wolfeschlegelsteinhausenbergerdorff ".repeat(12)
}
