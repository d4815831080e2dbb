// What the server serves as vendor/echarts.js: Apache ECharts from its installed place.
export * from 'echarts'
