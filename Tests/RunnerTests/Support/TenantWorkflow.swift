/// Makes a tenant on ClearML's server and in the registry, without a cluster: what the shipped `tenant-create` does
/// there, step by step. One of a wave above 0 waits first until the test makes the file `open.WAVE`.
enum TenantWorkflow {
    static let text = """
        inputs: { name: string, url: string, email: string, wave: { type: integer, default: 0 } }
        secrets: [key, secret]
        concurrency: { group: "tenant/${{ inputs.name }}", on_conflict: reject }
        defaults: { timeout: 1m, retry: { attempts: 8, initial: 50ms, factor: 2, max: 1s } }
        steps:
          gate:
            uses: command.run
            when: "${{ inputs.wave != 0 }}"
            timeout: 15m
            with: { script: "until test -e HOME/open.${{ inputs.wave }}; do sleep 0.3; done", idempotent: true }
          server: { uses: clearml.version, needs: [gate], with: \(api("")) }
          known: { uses: tenant.lookup, needs: [server], with: { tenant: "${{ inputs.name }}", allow_missing: true } }
          begin: { uses: tenant.record, needs: [known], with: { tenant: "${{ inputs.name }}", state: creating } }
          ports: { uses: tenant.ports, needs: [begin], with: { tenant: "${{ inputs.name }}", size: 5, cluster: false } }
          company:
            uses: clearml.company
            needs: [ports]
            with: \(api(#"name: "${{ inputs.name }}", id: "${{ steps.known.company }}""#))
          company_known:
            uses: tenant.record
            with: { tenant: "${{ inputs.name }}", state: creating, company: "${{ steps.company.id }}" }
          admin:
            uses: clearml.user
            with: \(api(#"company: "${{ steps.company.id }}", name: Admin, email: "${{ inputs.email }}", role: admin"#))
          settings:
            uses: clearml.company-settings
            with: \(api(#"company: "${{ steps.company.id }}", features: [applications]"#))
          agent: { uses: clearml.credentials, needs: [settings], with: \(credentials("agent")) }
          gateway: { uses: clearml.credentials, needs: [settings], with: \(credentials("gateway")) }
          queues:
            uses: clearml.queue
            for_each: [default, gpu]
            with: \(api(#"user: "${{ steps.admin.id }}", name: "${{ item }}""#))
          done:
            uses: tenant.record
            needs: [queues, company_known]
            with:
              tenant: "${{ inputs.name }}"
              state: active
              settings: "${{ inputs }}"
              credentials:
                agent_key: "${{ steps.agent.access_key }}"
                agent_secret: "${{ steps.agent.secret_key }}"
                gateway_key: "${{ steps.gateway.access_key }}"
                gateway_secret: "${{ steps.gateway.secret_key }}"
        """

    private static func api(_ more: String) -> String {
        #"{ url: "${{ inputs.url }}", key: "${{ secrets.key }}", secret: "${{ secrets.secret }}""#
            + (more.isEmpty ? " }" : ", \(more) }")
    }

    private static func credentials(_ label: String) -> String {
        api(
            #"user: "${{ steps.admin.id }}", company: "${{ steps.company.id }}", label: \#(label), "#
                + #"known_key: "${{ steps.known.\#(label)_key }}", known_secret: "${{ steps.known.\#(label)_secret }}""#
        )
    }

    /// How commands bind its secrets.
    static let bindings = ["--secret", "key=env:KEY", "--secret", "secret=env:SECRET"]
    static let environment = ["KEY": StandInSite.key, "SECRET": StandInSite.secret]
}
