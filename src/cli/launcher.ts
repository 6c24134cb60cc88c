#!/usr/bin/env node
/**
 * The command line as it is installed, `dist/cli/main.js`: `scripts/bundle.mjs` joins everything else into scripts, and this loads them.
 * From the source, `main.ts` is what to run.
 */
import { join } from 'node:path'
import { compiledCodeFile, enableCompileCache } from './compile-cache.ts'
import { exitCodes } from './command.ts'
import type * as Program from './program.ts'
import { ScriptLoader } from './script-loader.ts'

enableCompileCache(process.env)
const folder = join(import.meta.dirname, '../chunks')
const scripts = new ScriptLoader(folder, compiledCodeFile(process.env, process.argv.slice(2), folder))
process.once('exit', (code) => {
  // A check that found errors ran as a whole, too.
  if (code === 0 || code === exitCodes.checkFailed) scripts.keep()
})
void (scripts.load('program.js') as typeof Program).runProgram()
