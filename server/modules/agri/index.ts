import { cropCodes } from '../../../seed/codes/index.ts'
import type { Module } from '../../http/module.ts'
import { certificateHolds, certifyBatch, harvestCovers } from './certify.ts'
import { closeBatch, releaseBatch } from './close.ts'
import {
  bans,
  batches,
  batchPlots,
  certificates,
  farmRecords,
  harvests,
  inspections,
  intervals,
  pesticides,
  plots,
  products,
} from './dataset.ts'
import { recordFarmWork } from './farm-work.ts'
import { grants } from './grants.ts'
import { correctHarvest, harvestBatch } from './harvest.ts'
import { inspectBatch } from './inspect.ts'
import { measures } from './measures.ts'
import { addPlot, openBatch } from './open-batch.ts'
import { ownRecords } from './own.ts'
import { registerPlot } from './register-plot.ts'
import { voidCertificate } from './void.ts'

/** Farming and traceability: from the plot to the certificate of commitment and the public trace page. */
export const agri: Module = {
  name: 'agri',
  title: { zh: '农业与溯源', en: 'Farming and traceability' },
  datasets: [
    plots,
    products,
    pesticides,
    intervals,
    bans,
    batches,
    batchPlots,
    farmRecords,
    harvests,
    inspections,
    certificates,
  ],
  codes: [cropCodes],
  // What is offered first on a batch stands first: certifying what was harvested, then harvesting what grows.
  verbs: [
    registerPlot,
    openBatch,
    certifyBatch,
    harvestBatch,
    recordFarmWork,
    inspectBatch,
    addPlot,
    releaseBatch,
    closeBatch,
    correctHarvest,
    voidCertificate,
  ],
  rules: [...ownRecords, certificateHolds, harvestCovers],
  measures,
  grants,
}
