// Runs a program for WASI in node, as cargo's runner does programs of this machine: with its arguments, its
// environment, and all files. Ends with what the program ends with.
import { readFile } from "node:fs/promises";
import process, { argv, env } from "node:process";
import { WASI } from "node:wasi";

const [program, ...rest] = argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: [program, ...rest],
  env,
  preopens: { "/": "/" },
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(program));
const imports = {};
const provides = { wasi_snapshot_preview1: wasi.wasiImport };
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  imports[from] ??= {};
  const provided = provides[from]?.[name];
  // By way of JavaScript: node 20 crashes in the end where a program calls node's functions itself.
  // Those of no module but WASI's are what a single thread never calls.
  imports[from][name] = (...values) => {
    if (!provided) throw new Error(`${program} calls ${from}.${name}, which is not there`);
    return provided(...values);
  };
}
process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
