import { buildOnce, checkNode, installPackages } from './setup.mjs'

checkNode()
installPackages()
buildOnce()
