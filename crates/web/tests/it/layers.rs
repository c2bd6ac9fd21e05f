//! The layers of the crate: a module imports only from its own layer and the ones below.

use std::fs;
use std::path::{Path, PathBuf};

/// Top to bottom. Modules of one line share a layer.
const LAYERS: [&[&str]; 6] = [&["routes"], &["pages", "api", "calendar_feed"], &["live"], &["parts"], &["read"], &["address"]];
/// Below all others.
const BASE: [&str; 3] = ["http", "cache", "state"];

#[test]
fn imports_point_downward() {
    let upward: Vec<String> = imports().into_iter().filter(|import| import.to < import.from).map(|import| import.text).collect();
    assert!(upward.is_empty(), "imports of a higher layer:\n{}", upward.join("\n"));
}

#[test]
fn only_the_router_imports_pages_and_no_page_imports_another() {
    let mut wrong = Vec::new();
    for import in imports() {
        let own = import.file.iter().nth(1).and_then(|part| part.to_str()).unwrap_or_default().trim_end_matches(".rs");
        let is_own = import.file.starts_with("pages") && import.text.contains(&format!("crate::pages::{own}"));
        if import.names("pages") && !import.file.starts_with("routes.rs") && !is_own {
            wrong.push(import.text);
        }
    }
    assert!(wrong.is_empty(), "imports of pages:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_crate_has_a_layer() {
    let known = |name: &str| name == "lib" || BASE.contains(&name) || LAYERS.iter().any(|layer| layer.contains(&name));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(known(&name), "{name} is in no layer");
    }
}

struct Import {
    file: PathBuf,
    /// Positions of the layers, 0 on top.
    from: usize,
    to: usize,
    text: String,
}

impl Import {
    fn names(&self, module: &str) -> bool {
        self.text.contains(&format!("crate::{module}"))
    }
}

/// Everything that production code takes from another module of the crate.
fn imports() -> Vec<Import> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(&source).unwrap().to_owned();
        let module = file.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let production = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in production.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let target: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if let Some(to) = layer(&target) {
                    let text = format!("{}: crate::{}", file.display(), part.trim());
                    found.push(Import { file: file.clone(), from: layer(&module).unwrap_or(0), to, text });
                }
            }
        }
    }
    assert!(found.len() > 300, "the imports were not found");
    found
}

fn layer(module: &str) -> Option<usize> {
    match BASE.contains(&module) {
        true => Some(LAYERS.len()),
        false => LAYERS.iter().position(|layer| layer.contains(&module)),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}
