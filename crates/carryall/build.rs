//! Embeds every product under `products/`: its data map, its schema and, where it has one, its demo.
//!
//! No file under `crates/` names a product: a folder is added, and the program knows it. And the viewer, as the one
//! HTML file that it is; see `build/viewer.rs`.

#[path = "build/viewer.rs"]
mod viewer;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo configures a build script so"
)]
fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let products = here.join("../../products");
    println!("cargo::rerun-if-changed={}", products.display());
    let mut names: Vec<PathBuf> = fs::read_dir(&products)
        .expect("products/ is readable")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("data-map.toml").is_file())
        .collect();
    names.sort();
    let default = fs::read_to_string(products.join("default")).expect("products/default names one");
    let mut code = String::new();
    let mut list = String::new();
    for folder in &names {
        embed(folder, &mut code, &mut list);
    }
    write!(
        code,
        "/// Every product that this program was built with.\npub const PRODUCTS: &[Product] = &[{list}];\n/// The one that is meant when none is named.\npub const DEFAULT: &str = {:?};\n",
        default.trim()
    )
    .expect("a String takes everything");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("products.rs"), code).expect("OUT_DIR is writable");
    let (web, folder) = (here.join("src/web"), here.join("../../viewer"));
    let page = viewer::build(&folder, &web.join("icon.svg"), &web.join("app.css"));
    fs::write(out.join("viewer.rs"), page).expect("OUT_DIR is writable");
}

fn embed(folder: &Path, code: &mut String, list: &mut String) {
    let folder = folder.canonicalize().expect("the folder was just listed");
    let name = folder
        .file_name()
        .expect("a folder has a name")
        .to_string_lossy()
        .into_owned();
    let module = format!(
        "demo_of_{}",
        name.replace(|letter: char| !letter.is_alphanumeric(), "_")
    );
    let demo_path = folder.join("demo/mod.rs");
    let demo_file = demo_path.to_string_lossy();
    let demo = if demo_path.is_file() {
        write!(
            code,
            "#[path = {demo_file:?}]\nmod {module};\n\
             fn write_{module}(dir: &::std::path::Path, options: &DemoOptions, progress: &mut dyn FnMut(&str, u64, u64)) -> ::anyhow::Result<()> {{\n\
             \x20   let options = {module}::DemoOptions {{ people: options.people, messages: options.messages, file_bytes: options.file_bytes }};\n\
             \x20   {module}::write(dir, &options, progress)\n}}\n\
             fn people_of_{module}() -> Vec<DemoPerson> {{\n\
             \x20   {module}::people().into_iter().map(|person| DemoPerson {{ name: person.name, email: person.email, password: person.password, totp_secret: person.totp_secret, note: person.note }}).collect()\n}}\n"
        )
        .expect("a String takes everything");
        format!("Some(Demo {{ people: people_of_{module}, write: write_{module} }})")
    } else {
        "None".to_owned()
    };
    let map = folder.join("data-map.toml");
    let map = map.to_string_lossy();
    write!(
        list,
        "Product {{ name: {name:?}, data_map: include_str!({map:?}), demo: {demo} }}, "
    )
    .expect("a String takes everything");
}
