//! Every target on every seed, as `bin/ci` runs them.

use std::path::Path;

use tetherboard_fuzz::TARGETS;

#[test]
fn every_seed_of_every_target_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for target in &TARGETS {
        let mut seeds = 0;
        for entry in std::fs::read_dir(folder.join(target.name)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            (target.check)(&std::fs::read(path).unwrap());
            seeds += 1;
        }
        assert!(seeds > 0, "{} has no seed", target.name);
    }
}
