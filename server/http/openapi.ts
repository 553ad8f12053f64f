// The API described for machines, OpenAPI 3.1. Written out once here and held to the truth by a test that walks it.

type Json = Record<string, unknown>
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const json = (schema: Json, type = 'application/json') => ({ content: { [type]: { schema } } })
const ok = (description: string, schema: Json, type?: string): Json => ({
  description,
  ...json(schema, type),
})
const param = (
  name: string,
  where: 'query' | 'path',
  schema: Json,
  description: string,
  more: Json = {},
): Json => ({
  name,
  in: where,
  schema,
  description,
  ...(where === 'path' && { required: true }),
  ...more,
})
const problems = (...codes: number[]): Json =>
  Object.fromEntries(
    codes.map((code) => [
      String(code),
      { description: problemTitles[code], ...json(ref('Problem'), 'application/problem+json') },
    ]),
  )
const problemTitles: Record<number, string> = {
  401: '未登录或令牌无效 / Not logged in',
  403: '没有权限 / Not allowed',
  404: '没有,或不在辖区 / Not there, or out of scope',
  422: '请求需要修改 / Something to correct',
}

export function openApi(version: string): Json {
  const dataset = param('dataset', 'path', { type: 'string' }, '数据集名 / Dataset name, such as agri.plot')
  const id = param('id', 'path', { type: 'string', format: 'uuid' }, '记录编号 / Record id')
  return {
    openapi: '3.1.0',
    info: {
      title: '县盒 API / Xianhe API',
      version,
      description:
        '县级一体机的数据接口。所有读取按账号的辖区与权限过滤,个人信息脱敏。/ Reads are scoped and masked for the account that asks.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { session: [] }],
    tags: [{ name: 'acts' }, { name: 'records' }, { name: 'diary' }, { name: 'readings' }, { name: 'box' }],
    paths: {
      '/api/v1/acts': {
        post: {
          operationId: 'decide',
          tags: ['acts'],
          summary: '提交操作(单条、数组或 NDJSON)/ Decide: one act, an array, or NDJSON',
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: { oneOf: [ref('ActRequest'), { type: 'array', items: ref('ActRequest') }] },
              },
              'application/x-ndjson': { schema: { type: 'string', description: 'One ActRequest a line' } },
            },
          },
          responses: {
            '200': {
              description: '每条操作的结果,次序相同 / An answer for each act, in the same order',
              content: {
                'application/json': {
                  schema: { oneOf: [ref('Receipt'), { type: 'array', items: ref('Receipt') }] },
                },
                'application/x-ndjson': { schema: { type: 'string' } },
              },
            },
            ...problems(401, 403, 422),
          },
        },
      },
      '/api/v1/datasets': {
        get: {
          operationId: 'listDatasets',
          tags: ['records'],
          summary: '可读的数据集 / Datasets the caller may read',
          responses: {
            '200': ok('数据集 / Datasets', {
              type: 'object',
              properties: { datasets: { type: 'array', items: ref('Dataset') } },
              required: ['datasets'],
            }),
            ...problems(401),
          },
        },
      },
      '/api/v1/datasets/{dataset}': {
        get: {
          operationId: 'readDataset',
          tags: ['records'],
          summary: '字段结构(JSON Schema 2020-12)/ Its fields as JSON Schema',
          parameters: [dataset],
          responses: {
            '200': ok('JSON Schema', { type: 'object' }, 'application/schema+json'),
            ...problems(401, 403, 404),
          },
        },
      },
      '/api/v1/datasets/{dataset}/records': {
        get: {
          operationId: 'listRecords',
          tags: ['records'],
          summary: '查询记录 / Records, newest first',
          parameters: [
            dataset,
            param(
              'limit',
              'query',
              { type: 'integer', minimum: 1, maximum: 1000, default: 50 },
              '每页条数 / Records a page',
            ),
            param('cursor', 'query', { type: 'string' }, '上一页的 next / From the previous answer’s next'),
            param('q', 'query', { type: 'string' }, '全文检索 / Words to search for'),
            param(
              'bbox',
              'query',
              { type: 'string', pattern: '^-?[\\d.]+(,-?[\\d.]+){3}$' },
              '西,南,东,北 / west,south,east,north',
            ),
            param(
              'division',
              'query',
              { type: 'string', pattern: '^\\d{2,12}$' },
              '区划代码前缀 / Division prefix',
            ),
            param(
              'filter',
              'query',
              { type: 'object', additionalProperties: { type: 'string' } },
              'filter[field]=value;多值用逗号;范围用 filter[field][from]、filter[field][to]',
              { style: 'deepObject', explode: true },
            ),
            param(
              'sort',
              'query',
              { type: 'string' },
              '字段名,前加 - 为倒序 / Field name, - before it for descending',
            ),
            param('withdrawn', 'query', { type: 'boolean' }, '包括已作废的 / Withdrawn ones instead'),
          ],
          responses: {
            '200': ok('一页记录 / A page', {
              type: 'object',
              properties: { records: { type: 'array', items: ref('Record') }, next: { type: 'string' } },
              required: ['records'],
            }),
            ...problems(401, 403, 404, 422),
          },
        },
      },
      '/api/v1/datasets/{dataset}/records/{id}': {
        get: {
          operationId: 'readRecord',
          tags: ['records'],
          summary: '一条记录 / One record',
          parameters: [dataset, id],
          responses: { '200': ok('记录 / The record', ref('Record')), ...problems(401, 403, 404) },
        },
      },
      '/api/v1/datasets/{dataset}/records/{id}/history': {
        get: {
          operationId: 'readHistory',
          tags: ['records'],
          summary: '一条记录的来历 / The acts that touched it, oldest first',
          parameters: [dataset, id],
          responses: {
            '200': ok('操作 / Acts', {
              type: 'object',
              properties: { acts: { type: 'array', items: ref('Act') } },
              required: ['acts'],
            }),
            ...problems(401, 403, 404),
          },
        },
      },
      '/api/v1/changes': {
        get: {
          operationId: 'readChanges',
          tags: ['diary'],
          summary: '辖区内的日志,供副本跟随 / The diary within scope, for replicas',
          parameters: [
            param(
              'after',
              'query',
              { type: 'integer', minimum: 0, default: 0 },
              '从此序号之后 / After this position',
            ),
            param(
              'limit',
              'query',
              { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
              '最多条数 / At most',
            ),
          ],
          responses: {
            '200': ok('操作 / Acts; next is where to go on, also when nothing was visible', {
              type: 'object',
              properties: {
                acts: { type: 'array', items: ref('Act') },
                next: { type: 'integer' },
                more: { type: 'boolean' },
              },
              required: ['acts', 'next', 'more'],
            }),
            ...problems(401, 422),
          },
        },
      },
      '/api/v1/readings': {
        get: {
          operationId: 'readReadings',
          tags: ['readings'],
          summary: '监测数据,原始或按时段汇总 / Readings, raw or rolled up',
          parameters: [
            param('sensor', 'query', { type: 'string' }, '传感器编号 / Sensor', { required: true }),
            param('metric', 'query', { type: 'string' }, '指标,如 water-level / Metric', { required: true }),
            param(
              'from',
              'query',
              { type: 'string' },
              'ISO 8601 或毫秒 / or epoch ms; one day before `to` when absent',
            ),
            param('to', 'query', { type: 'string' }, 'ISO 8601 或毫秒 / or epoch ms; now when absent'),
            param(
              'bucket',
              'query',
              { type: 'string', examples: ['5m', '1h', '1d'] },
              '汇总时段 / Bucket; raw when absent',
            ),
          ],
          responses: {
            '200': ok('数据点 / Points', {
              type: 'object',
              properties: {
                sensor: { type: 'string' },
                metric: { type: 'string' },
                from: { type: 'string', format: 'date-time' },
                to: { type: 'string', format: 'date-time' },
                bucket: { type: 'integer', description: 'ms' },
                points: { type: 'array', items: ref('Point') },
              },
              required: ['sensor', 'metric', 'from', 'to', 'points'],
            }),
            ...problems(401, 404, 422),
          },
        },
      },
      '/api/v1/openapi.json': {
        get: {
          operationId: 'readOpenApi',
          tags: ['box'],
          summary: '本文件 / This document',
          security: [],
          responses: { '200': ok('OpenAPI 3.1', { type: 'object' }) },
        },
      },
      '/events': {
        get: {
          operationId: 'listen',
          tags: ['box'],
          summary: '实时提示(SSE),只说哪里有变化 / Hints of where to look again',
          parameters: [
            param(
              'topics',
              'query',
              { type: 'string' },
              '逗号分隔 / Comma-separated topics; all when absent',
            ),
          ],
          responses: {
            '200': ok('事件流 / Stream', { type: 'string' }, 'text/event-stream'),
            ...problems(401),
          },
        },
      },
      '/healthz': {
        get: {
          operationId: 'health',
          tags: ['box'],
          summary: '各部件状态 / How the box is',
          security: [],
          responses: {
            '200': ok('正常 / All up', ref('Health')),
            '503': ok('有部件停了 / A part is down', ref('Health')),
          },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          tags: ['box'],
          summary: 'Prometheus',
          security: [],
          responses: { '200': ok('Prometheus text', { type: 'string' }, 'text/plain') },
        },
      },
    },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: '系统页或 xianhe token add 签发 / Issued under 系统 or by xianhe token add',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'xh',
          description: '登录后的会话;写操作另带 X-CSRF / Session after login; unsafe requests carry X-CSRF',
        },
      },
      schemas: {
        ActRequest: {
          type: 'object',
          properties: {
            id: {
              type: 'string',
              format: 'uuid',
              description: 'UUIDv7;同一编号只生效一次 / The same id twice has one effect',
            },
            name: { type: 'string', examples: ['agri.plot.created'] },
            record: { type: 'string', format: 'uuid' },
            base: { type: 'integer', minimum: 0, description: '依据的版本 / The version it was decided on' },
            fields: { type: 'object', additionalProperties: true },
            division: { type: 'string' },
            at: { type: 'string', format: 'date-time' },
            cause: { type: 'string' },
            after: {
              type: 'array',
              items: { type: 'string', format: 'uuid' },
              description: '须在其后生效的操作 / The acts it follows; it waits until they are here',
            },
          },
          required: ['id', 'name'],
        },
        Receipt: {
          type: 'object',
          properties: {
            id: { type: ['string', 'null'] },
            outcome: { enum: ['accepted', 'repeated', 'refused', 'question', 'held'] },
            seq: { type: 'integer' },
            record: { type: 'string', format: 'uuid' },
            message: { type: 'string' },
            field: { type: 'string' },
            errors: {
              type: 'array',
              items: {
                type: 'object',
                properties: { field: { type: 'string' }, message: { type: 'string' } },
                required: ['message'],
              },
            },
          },
          required: ['id', 'outcome'],
        },
        Record: {
          type: 'object',
          properties: {
            id: { type: 'string', format: 'uuid' },
            dataset: { type: 'string' },
            version: { type: 'integer' },
            division: { type: 'string' },
            place: { type: 'object', description: 'GeoJSON geometry' },
            fields: { type: 'object', additionalProperties: true },
            withdrawn: { const: true },
            masked: { type: 'array', items: { type: 'string' } },
          },
          required: ['id', 'dataset', 'version', 'division', 'fields'],
        },
        Act: {
          type: 'object',
          properties: {
            id: { type: 'string', format: 'uuid' },
            seq: { type: 'integer' },
            name: { type: 'string' },
            actor: { type: 'string' },
            by: { type: 'string' },
            at: { type: 'string', format: 'date-time' },
            origin: { type: 'string' },
            cause: { type: 'string' },
            clock: { enum: ['ahead', 'behind'] },
            changes: { type: 'array', items: ref('Change') },
          },
          required: ['id', 'seq', 'name', 'actor', 'at', 'origin', 'changes'],
        },
        Change: {
          type: 'object',
          properties: {
            dataset: { type: 'string' },
            record: { type: 'string', format: 'uuid' },
            base: { type: 'integer' },
            fields: { type: 'object', additionalProperties: true },
            division: { type: 'string' },
            withdrawn: { type: 'boolean' },
            redacted: { const: true },
          },
          required: ['dataset', 'record', 'base', 'fields'],
        },
        Dataset: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            version: { type: 'integer' },
            title: ref('Words'),
            about: ref('Words'),
            keeper: { enum: ['village', 'township', 'county', 'prefecture', 'province'] },
            offline: { const: true },
            append: { const: true },
            closed: { const: true },
            catalogue: { type: 'object' },
            acts: {
              type: 'array',
              items: { type: 'string' },
              description: '本账号可用的操作 / Acts the caller may use',
            },
            schema: { type: 'string' },
          },
          required: ['name', 'version', 'title', 'keeper', 'acts', 'schema'],
        },
        Point: {
          type: 'object',
          properties: {
            at: { type: 'string', format: 'date-time' },
            value: { type: 'number' },
            avg: { type: 'number' },
            min: { type: 'number' },
            max: { type: 'number' },
            count: { type: 'integer' },
          },
          required: ['at'],
        },
        Health: {
          type: 'object',
          properties: {
            status: { enum: ['ok', 'failing'] },
            version: { type: 'string' },
            node: { type: 'string' },
            uptimeSeconds: { type: 'integer' },
            failing: { type: 'array', items: { type: 'string' } },
            parts: { type: 'object', additionalProperties: true },
          },
          required: ['status', 'version', 'node', 'uptimeSeconds', 'parts'],
        },
        Problem: {
          type: 'object',
          description: 'RFC 9457',
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            instance: { type: 'string' },
            field: { type: 'string' },
            incident: { type: 'string' },
            errors: { type: 'array', items: { type: 'object' } },
          },
          required: ['title', 'status'],
        },
        Words: {
          type: 'object',
          properties: { zh: { type: 'string' }, en: { type: 'string' } },
          required: ['zh', 'en'],
        },
      },
    },
  }
}
