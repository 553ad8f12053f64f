#!/usr/bin/env bun
import { main } from './appliance/main.ts'

await main(Bun.argv.slice(2))
