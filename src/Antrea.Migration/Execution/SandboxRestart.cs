namespace Antrea.Migration.Execution;

/// <summary>The shell text that ends a Pod's sandbox through the container runtime, so that kubelet makes another.</summary>
/// <remarks>
/// <para>The runtime tears the network down by the CNI configuration that is loaded now, and kubelet's next sandbox gets it by the same. Volumes of the Pod stay.
/// Source: cri-tools <c>cmd/crictl</c>; Kubernetes <c>pkg/kubelet/kuberuntime</c> computePodActions.</para>
/// <para>Only a sandbox with the address that the caller saw is ended: whoever repeats the command after its answer was lost, or looks at an old status, ends no new
/// one. Containers get the stop signal and the Pod's grace period first, for <c>stopp</c> kills at once. Kubelet starts one that ends early again while another still
/// takes its time, so that they are told up to three times. A call may take longer than crictl's two seconds, with all that a CNI plugin has to tear down. Who calls
/// may have a container's search path, so that crictl is also looked for where distributions put it.</para>
/// </remarks>
internal static class SandboxRestart
{
    private const string Runtime =
        """
        PATH=$PATH:/usr/local/bin:/usr/bin:/opt/bin:/var/lib/rancher/rke2/bin; export PATH
        command -v crictl >/dev/null || { echo 'there is no crictl' >&2; exit 3; }
        [ -e /etc/crictl.yaml ] || [ -n "$CONTAINER_RUNTIME_ENDPOINT" ] || for s in /run/containerd/containerd.sock /run/crio/crio.sock /run/k3s/containerd/containerd.sock; do
          [ ! -S "$s" ] || { export CONTAINER_RUNTIME_ENDPOINT="unix://$s"; break; }
        done
        cri() { crictl --timeout 60s "$@"; }

        """;

    /// <summary>Exit code 3 when there is no crictl, another but 0 when it does not reach the runtime.</summary>
    public const string Check = Runtime + "cri pods --quiet --latest >/dev/null";

    /// <summary>$1 the Pod's uid, $2 its address, $3 its grace period in seconds.</summary>
    public const string Restart =
        Runtime +
        """
        sandboxes=$(cri pods --quiet --state ready --label "io.kubernetes.pod.uid=$1") || exit
        for s in $sandboxes; do
          addresses=$(cri inspectp --output go-template --template '{{.status.network.ip}} {{range .status.network.additionalIps}}{{.ip}} {{end}}' "$s") || exit
          case " $addresses " in *" $2 "*) ;; *) continue ;; esac
          for round in 1 2 3; do
            containers=$(cri ps --quiet --pod "$s") || exit
            [ -n "$containers" ] || break
            for c in $containers; do cri stop --timeout "$3" "$c" >/dev/null & done
            wait
          done
          cri stopp "$s" >/dev/null || exit
          cri rmp "$s" >/dev/null 2>&1 || :
          echo "$s"
        done
        """;
}
