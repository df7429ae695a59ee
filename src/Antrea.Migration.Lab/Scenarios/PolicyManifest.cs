namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Calico policies for the seed's workloads, as <c>kubectl get -o yaml</c> prints what calicoctl made of them.</summary>
/// <remarks>No rule asks where a packet comes from: such a rule means the same while both networks are in use, when sources are
/// masqueraded. Source for the form: Calico v3.26 <c>libcalico-go/lib/backend/k8s/resources</c>.</remarks>
internal static class PolicyManifest
{
    public const string Text =
        """
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata:
          annotations:
            projectcalico.org/metadata: '{"uid":"5f7e2c0a-43c1-4a4e-9f0e-6c6f0d1b8a11","creationTimestamp":"2023-07-01T08:00:00Z"}'
          name: default.nginx-http
        spec:
          ingress:
          - action: Allow
            destination:
              ports:
              - 80
            protocol: TCP
            source: {}
          order: 100
          selector: app == 'nginx-ds'
          types:
          - Ingress
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata:
          annotations:
            projectcalico.org/metadata: '{"uid":"0b1d8f52-7a19-4e39-8a7e-2f5d6c9e7b22","creationTimestamp":"2023-07-01T08:00:00Z"}'
          name: default.client-closed
          namespace: default
        spec:
          order: 200
          selector: app == 'client'
          types:
          - Ingress

        """;
}
