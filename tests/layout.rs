//! Checks that the modules of a crate have no circular dependencies, and that every source file is
//! compiled.

#![expect(clippy::panic, clippy::unwrap_used, reason = "the helpers of a test may fail it too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Maps each top-level module to the top-level modules that it uses.
type Edges = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_have_no_circular_dependencies() {
    for name in ["twin-ext", "twin-api"] {
        let edges = edges(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src"));
        assert!(edges.values().any(|targets| !targets.is_empty()), "{name}: nothing was read");
        let cycle = edges.keys().find_map(|start| cycle(&edges, start));
        assert_eq!(cycle, None, "{name}");
    }
}

#[test]
fn finds_a_circular_dependency() {
    let of = |pairs: &[(&str, &[&str])]| -> Edges {
        let owned = |(name, targets): &(&str, &[&str])| {
            ((*name).to_owned(), targets.iter().map(|it| (*it).to_owned()).collect())
        };
        pairs.iter().map(owned).collect()
    };
    let edges = of(&[("a", &["b"]), ("b", &["c", "d"]), ("c", &["d"]), ("d", &["b"])]);
    assert_eq!(cycle(&edges, "b").unwrap(), ["b", "c", "d", "b"]);
    let edges = of(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    assert!(edges.keys().all(|start| cycle(&edges, start).is_none()));
}

/// Returns a path from `start` back to itself.
fn cycle(edges: &Edges, start: &str) -> Option<Vec<String>> {
    fn step(edges: &Edges, path: &mut Vec<String>, seen: &mut BTreeSet<String>) -> bool {
        let (start, last) = (path[0].clone(), path[path.len() - 1].clone());
        for next in edges.get(&last).into_iter().flatten() {
            let is_closed = *next == start;
            if !is_closed && !seen.insert(next.clone()) {
                continue;
            }
            path.push(next.clone());
            if is_closed || step(edges, path, seen) {
                return true;
            }
            path.pop();
        }
        false
    }
    let mut path = vec![start.to_owned()];
    step(edges, &mut path, &mut BTreeSet::new()).then_some(path)
}

/// Returns the dependencies between the modules of the crate in `source`.
fn edges(source: &Path) -> Edges {
    let root = parse(&source.join("lib.rs"));
    let mut names = ModuleNames::default();
    root.items.iter().for_each(|item| names.declare(item));
    let mut edges = Edges::new();
    for module in &names.modules {
        let mut found = UsedModules { names: &names, is_top: true, found: BTreeSet::new() };
        found.visit_file(&parse(&source.join(format!("{module}.rs"))));
        found.is_top = false;
        for file in files(&source.join(module)) {
            found.visit_file(&parse(&file));
        }
        found.found.remove(module);
        edges.insert(module.clone(), found.found);
    }
    edges
}

/// Returns the files below a folder that are not tests.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn parse(file: &Path) -> syn::File {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The modules at the crate root, and the module of each re-exported name.
#[derive(Default)]
struct ModuleNames {
    modules: BTreeSet<String>,
    reexports: BTreeMap<String, String>,
}

impl ModuleNames {
    fn declare(&mut self, item: &syn::Item) {
        match item {
            syn::Item::Mod(module) if module.content.is_none() && !is_test(&module.attrs) => {
                self.modules.insert(module.ident.to_string());
            }
            syn::Item::Use(item) => {
                let mut leaves = Vec::new();
                leaves_of(&item.tree, &mut Vec::new(), &mut leaves);
                for leaf in leaves {
                    let from = leaf.iter().find(|name| *name != "crate" && *name != "self");
                    if let (Some(from), Some(name)) = (from, leaf.last()) {
                        self.reexports.insert(name.clone(), from.clone());
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the module `name`, or the module that defines the re-export `crate::name`.
    fn module_of(&self, name: &str) -> Option<&String> {
        let from = self.reexports.get(name).map_or(name, String::as_str);
        self.modules.get(name).or_else(|| self.modules.get(from))
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            list.tokens.to_string().contains("test")
        }
        _ => false,
    })
}

/// Collects the paths that a `use` item imports.
fn leaves_of(tree: &syn::UseTree, path: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    match tree {
        syn::UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            leaves_of(&inner.tree, path, leaves);
            path.pop();
        }
        syn::UseTree::Name(name) => {
            leaves.push([path.as_slice(), &[name.ident.to_string()]].concat());
        }
        syn::UseTree::Rename(name) => {
            leaves.push([path.as_slice(), &[name.ident.to_string()]].concat());
        }
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| leaves_of(tree, path, leaves));
        }
        syn::UseTree::Glob(_) => leaves.push(path.clone()),
    }
}

/// Collects the modules that the visited code uses.
struct UsedModules<'a> {
    names: &'a ModuleNames,
    /// Whether `super` is the crate root.
    is_top: bool,
    found: BTreeSet<String>,
}

impl UsedModules<'_> {
    fn path<'s>(&mut self, segments: impl IntoIterator<Item = &'s str>) {
        let mut segments = segments.into_iter();
        let is_root = match segments.next() {
            Some("crate") => true,
            Some("super") => self.is_top,
            _ => false,
        };
        if let (true, Some(name)) = (is_root, segments.next()) {
            self.found.extend(self.names.module_of(name).cloned());
        }
    }

    /// Finds paths in a macro, which syn does not parse.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut words = vec![String::new(); 4];
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                self.tokens(group.stream());
            }
            words.remove(0);
            words.push(token.to_string());
            if words[1] == ":" && words[2] == ":" {
                let (first, second) = (words[0].clone(), words[3].clone());
                self.path([first.as_str(), second.as_str()]);
            }
        }
    }
}

impl<'ast> Visit<'ast> for UsedModules<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[syn::Attribute] = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let was_top = std::mem::replace(&mut self.is_top, false);
        visit::visit_item_mod(self, module);
        self.is_top = was_top;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut leaves = Vec::new();
        leaves_of(&item.tree, &mut Vec::new(), &mut leaves);
        for leaf in &leaves {
            self.path(leaf.iter().map(String::as_str));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.path(segments.iter().map(String::as_str));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// A source file that no module declares is not compiled, so its tests never run.
#[test]
fn every_source_file_is_declared_as_a_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = ["tests", "twin-api", "twin-api-gen", "twin-ext", "xtask"];
    let files: Vec<PathBuf> =
        folders.iter().flat_map(|folder| source_files(&root.join(folder))).collect();
    let undeclared: Vec<&PathBuf> = files.iter().filter(|file| !is_declared(file)).collect();
    assert!(files.len() > 400, "only {} files were found", files.len());
    assert!(undeclared.is_empty(), "{undeclared:#?}");
}

/// Returns the Rust files below a folder, except build output.
fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                found.extend(source_files(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether `file` is a crate root, or the crate root of its folder or its parent module declares it.
fn is_declared(file: &Path) -> bool {
    let (folder, stem) = (file.parent().unwrap(), file.file_stem().unwrap().to_string_lossy());
    let declarations = [format!("mod {stem};"), format!("#[path = \"{stem}.rs\"]")];
    let declares =
        |text: &String| declarations.iter().any(|declaration| text.contains(declaration));
    let parents = [folder.join("main.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
    let parents: Vec<String> =
        parents.iter().filter_map(|parent| std::fs::read_to_string(parent).ok()).collect();
    let is_root = ["main", "lib", "build"].contains(&&*stem);
    is_root || parents.is_empty() || parents.iter().any(declares)
}
