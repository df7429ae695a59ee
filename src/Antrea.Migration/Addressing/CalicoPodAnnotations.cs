using System.Net;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>The addresses that Calico's CNI plugin noted on a Pod. They survive a change of the CNI until the Pod is made anew.</summary>
/// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/backend/k8s/conversion/constants.go</c>.</remarks>
internal static class CalicoPodAnnotations
{
    private const string PodIP = "cni.projectcalico.org/podIP";
    private const string PodIPs = "cni.projectcalico.org/podIPs";

    /// <summary>Whether Calico noted this address on the Pod, as ADDRESS or ADDRESS/LENGTH.</summary>
    public static bool Hold(PodInfo pod, IPAddress address) =>
        !pod.Annotations.IsEmpty && (Holds(pod, PodIP, address) || Holds(pod, PodIPs, address));

    private static bool Holds(PodInfo pod, string name, IPAddress address)
    {
        if (!pod.Annotations.TryGetValue(name, out var noted))
        {
            return false;
        }

        foreach (var range in noted.AsSpan().Split(','))
        {
            var text = noted.AsSpan()[range].Trim();
            var slash = text.IndexOf('/');
            if (IPAddress.TryParse(slash < 0 ? text : text[..slash], out var one) && one.Equals(address))
            {
                return true;
            }
        }

        return false;
    }
}
