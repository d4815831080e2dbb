// Where the topic of Kafka stands, and in a red sentence why the pipeline is not ready.
import { byId, setText } from '../dom.js'
import { count, span } from '../format.js'

/** @typedef {import('../../api/status.ts').ProgressMessage} ProgressMessage */
/** @typedef {import('../../api/status.ts').KafkaMessage} KafkaMessage */

/** Shows both in the head of the page; nothing of a topic where files are read. */
export function showTopic(/** @type {ProgressMessage} */ message) {
  setText(byId('topic'), message.kafka === null ? '' : topicText(message.kafka))
  // That it is starting is said beside its name already, and nothing is wrong.
  const reason = message.state === 'starting' ? null : message.notReady
  setText(byId('not-ready'), reason === null ? '' : `Not ready: ${reason}`)
}

function topicText(/** @type {KafkaMessage} */ kafka) {
  const { topic, member, assignedPartitions, topicPartitions } = kafka
  return [
    `Topic ${topic}`,
    `${count(assignedPartitions)} of ${count(topicPartitions)} partitions`,
    lagText(kafka),
    member ? 'member of its group' : 'not a member of its group',
  ].join(' · ')
}

function lagText(/** @type {KafkaMessage} */ { lagRecords, lagSeconds }) {
  if (lagRecords === null) return 'lag not known yet'
  if (lagRecords === 0) return 'no lag'
  const behind = lagSeconds === null ? '' : `, ${span(lagSeconds)} behind`
  return `lag ${count(lagRecords)} records${behind}`
}
