// The CSP build: no eval, expressions without `;`. A page's own script may listen to `alpine:init` for Alpine.data.
import Alpine from '@alpinejs/csp'

Object.assign(window, { Alpine })
Alpine.start()
