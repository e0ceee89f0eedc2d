"use strict";
window.ui = SwaggerUIBundle({
  urls: JSON.parse(document.getElementById("reference").dataset.urls),
  dom_id: "#reference",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
  validatorUrl: null,
  deepLinking: true,
});
