/** The one function of the deflater that is used: an installed command line has it, and nothing else of the package, in a file of its own. */
export { deflateSync } from 'fflate'
