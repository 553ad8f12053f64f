import { cropCodes } from '../../../seed/codes/index.ts'
import type { Module } from '../../http/module.ts'
import { batchBlock, certificateBlock, plotBlock } from './batch-block.tsx'
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
import { gtinHolds } from './gtin.ts'
import { correctHarvest, harvestBatch } from './harvest.ts'
import { showHome } from './home.tsx'
import { inspectBatch } from './inspect.ts'
import { measures } from './measures.ts'
import { offerCertificate, offerWork } from './offers.ts'
import { addPlot, openBatch } from './open-batch.ts'
import { ownRecords } from './own.ts'
import { printCertificate, printLabels } from './print-pages.tsx'
import { publicPages } from './public-page.tsx'
import { registerPlot } from './register-plot.ts'
import { voidCertificate } from './void.ts'
import { waiting } from './waiting.ts'

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
  menu: [
    {
      place: 'trace',
      title: { zh: '溯源首页', en: 'Batches to do' },
      path: '/trace',
      needs: 'read:agri.batch',
    },
    { place: 'trace', title: { zh: '批次', en: 'Batches' }, path: '/d/agri.batch', needs: 'read:agri.batch' },
    {
      place: 'trace',
      title: { zh: '合格证', en: 'Certificates' },
      path: '/d/agri.certificate',
      needs: 'read:agri.certificate',
    },
    { place: 'trace', title: { zh: '地块', en: 'Plots' }, path: '/d/agri.plot', needs: 'read:agri.plot' },
    {
      place: 'trace',
      title: { zh: '检测', en: 'Inspections' },
      path: '/d/agri.inspection',
      needs: 'read:agri.inspection',
    },
    {
      place: 'trace',
      title: { zh: '农事记录', en: 'Farm records' },
      path: '/d/agri.farm-record',
      needs: 'read:agri.farm-record',
    },
    {
      place: 'trace',
      title: { zh: '产品', en: 'Products' },
      path: '/d/agri.product',
      needs: 'read:agri.product',
    },
    {
      place: 'trace',
      title: { zh: '农药和渔药', en: 'Pesticides' },
      path: '/d/agri.pesticide',
      needs: 'read:agri.pesticide',
    },
  ],
  fieldPages(app) {
    app.get('/trace', showHome)
    app.get('/trace/certificates/:id/print', printCertificate)
    app.get('/trace/batches/:id/labels', printLabels)
  },
  publicPages,
  waiting,
  leads: { 'agri.batch': batchBlock, 'agri.plot': plotBlock, 'agri.certificate': certificateBlock },
  offers: {
    'agri.batch.farm-work-recorded': offerWork,
    'agri.batch.certified': offerCertificate,
  },
  rules: [...ownRecords, gtinHolds, certificateHolds, harvestCovers],
  measures,
  grants,
}
