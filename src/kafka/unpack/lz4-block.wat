;; Unpacks one block of LZ4 within this module's memory.
;; Format: LZ4 Block Format, github.com/lz4/lz4, doc/lz4_Block_format.md.
;;
;; Copies are made in pieces of 16 bytes and may write up to 15 bytes beyond their end: the caller keeps
;; as many free behind the block and behind `limit`.
(module
  (memory (export "memory") 1)

  ;; from, to: the packed block. out: where it is unpacked to. limit: the end of that room.
  ;; Returns the end of what was unpacked; 0 for a damaged block, or one that does not fit.
  (func (export "unpack")
    (param $from i32) (param $to i32) (param $out i32) (param $limit i32) (result i32)
    (local $made i32) (local $length i32) (local $token i32) (local $byte i32)
    (local $source i32) (local $offset i32) (local $end i32)
    (local.set $made (local.get $out))
    (loop $sequences
      (if (i32.ge_u (local.get $from) (local.get $to)) (then (return (i32.const 0))))
      (local.set $token (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))

      ;; Literals.
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      (if (i32.eq (local.get $length) (i32.const 15))
        (then
          (loop $more
            (if (i32.ge_u (local.get $from) (local.get $to)) (then (return (i32.const 0))))
            (local.set $byte (i32.load8_u (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))
            (local.set $length (i32.add (local.get $length) (local.get $byte)))
            (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (if (i32.or
            (i32.gt_u (local.get $length) (i32.sub (local.get $to) (local.get $from)))
            (i32.gt_u (local.get $length) (i32.sub (local.get $limit) (local.get $made))))
        (then (return (i32.const 0))))
      (local.set $source (local.get $from))
      (local.set $end (i32.add (local.get $made) (local.get $length)))
      (loop $literals
        (v128.store (local.get $made) (v128.load (local.get $source)))
        (local.set $source (i32.add (local.get $source) (i32.const 16)))
        (local.set $made (i32.add (local.get $made) (i32.const 16)))
        (br_if $literals (i32.lt_u (local.get $made) (local.get $end))))
      (local.set $made (local.get $end))
      (local.set $from (i32.add (local.get $from) (local.get $length)))
      ;; The last sequence has literals only.
      (if (i32.eq (local.get $from) (local.get $to)) (then (return (local.get $made))))

      ;; A copy of what was made.
      (if (i32.lt_u (i32.sub (local.get $to) (local.get $from)) (i32.const 2))
        (then (return (i32.const 0))))
      (local.set $offset (i32.load16_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (if (i32.or
            (i32.eqz (local.get $offset))
            (i32.gt_u (local.get $offset) (i32.sub (local.get $made) (local.get $out))))
        (then (return (i32.const 0))))
      (local.set $length (i32.and (local.get $token) (i32.const 15)))
      (if (i32.eq (local.get $length) (i32.const 15))
        (then
          (loop $more
            (if (i32.ge_u (local.get $from) (local.get $to)) (then (return (i32.const 0))))
            (local.set $byte (i32.load8_u (local.get $from)))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))
            (local.set $length (i32.add (local.get $length) (local.get $byte)))
            (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $limit) (local.get $made)))
        (then (return (i32.const 0))))
      (local.set $source (i32.sub (local.get $made) (local.get $offset)))
      (local.set $end (i32.add (local.get $made) (local.get $length)))
      (if (i32.ge_u (local.get $offset) (i32.const 16))
        (then
          (loop $far
            (v128.store (local.get $made) (v128.load (local.get $source)))
            (local.set $source (i32.add (local.get $source) (i32.const 16)))
            (local.set $made (i32.add (local.get $made) (i32.const 16)))
            (br_if $far (i32.lt_u (local.get $made) (local.get $end)))))
        (else
          ;; The copy repeats its own first bytes.
          (loop $near
            (i32.store8 (local.get $made) (i32.load8_u (local.get $source)))
            (local.set $source (i32.add (local.get $source) (i32.const 1)))
            (local.set $made (i32.add (local.get $made) (i32.const 1)))
            (br_if $near (i32.lt_u (local.get $made) (local.get $end))))))
      (local.set $made (local.get $end))
      (br $sequences))
    (unreachable)))
