//! An import that is killed in the middle.

use super::stage::{arguments, dump, empty_for, files, import, sum};
use crate::product::{MARTA, Product};
use crate::program::command;

#[test]
fn a_killed_import_leaves_nothing_and_the_next_one_does_it_all() {
    let product = Product::demo();
    let export = product.export(MARTA);
    let empty = empty_for(&product, MARTA);
    let before = (dump(&empty), files(&empty.files));
    // Feedback is written among the last, and this one never ends.
    empty.sql(
        "CREATE TRIGGER forever BEFORE INSERT ON feedback BEGIN
             SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n); END",
    );
    let mut running = command(arguments(&empty, &export.path, &[]))
        .spawn()
        .unwrap();
    // Its transaction is open when nobody else's can begin, and does not end by itself.
    let other = empty.connection();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    let mut is_open = false;
    for _ in 0..6000 {
        assert!(running.try_wait().unwrap().is_none(), "it ended by itself");
        is_open = other.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err();
        if is_open {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(is_open);
    running.kill().unwrap();
    running.wait().unwrap();
    drop(other);
    empty.sql("DROP TRIGGER forever");
    assert_eq!((dump(&empty), files(&empty.files)), before);
    let report = import(&empty, &export.path, &[]);
    assert!(sum(&report, "added") > 50);
    assert_eq!(sum(&report, "kept"), 0);
}
