/** The command line from the source. What is installed as `dist/cli/main.js` starts by `launcher.ts`. */
import { runProgram } from './program.ts'

void runProgram()
