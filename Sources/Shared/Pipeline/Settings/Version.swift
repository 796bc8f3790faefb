/// What `--version` and `/status` say.
package let pipelineVersion = "0.1.0"
