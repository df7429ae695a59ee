using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Hands out ClusterIPs. What is in use is read off the Services, so there is nothing to leak.</summary>
/// <param name="store">The Services.</param>
/// <param name="cidr">The Service CIDR.</param>
internal sealed class ServiceAddresses(ObjectStore store, Cidr cidr)
{
    /// <summary>The number of low addresses left to Services that ask for theirs, such as the DNS Service's tenth.</summary>
    private readonly UInt128 _static = UInt128.Min(UInt128.Max(16, cidr.AddressCount / 16), UInt128.Min(256, cidr.AddressCount / 2));

    /// <summary>The lowest free address above the low ones, then those as well.</summary>
    /// <exception cref="StoreConflictException">Invalid: all are in use.</exception>
    public string Next()
    {
        var used = InUse();
        var last = cidr.AddressCount - 2; // neither the network's nor the broadcast address
        for (UInt128 i = 0; i < last; i++)
        {
            var address = cidr.AddressAt(1 + ((i + _static) % last)).ToString();
            if (!used.Contains(address))
            {
                return address;
            }
        }

        throw new StoreConflictException("Invalid", $"failed to allocate a serviceIP: range {cidr} is full");
    }

    /// <summary>Checks an address that a Service asks for.</summary>
    /// <exception cref="StoreConflictException">Invalid: not an address, not in the Service CIDR or in use.</exception>
    public void Check(JsonObject service, string wanted)
    {
        var fault = !IPAddress.TryParse(wanted, out var address) ? "must be a valid IP address"
            : !cidr.Contains(address) ? $"failed to allocate IP {wanted}: the provided IP is not in the valid range {cidr}"
            : InUse().Contains(wanted) ? "failed to allocate IP " + wanted + ": provided IP is already allocated"
            : null;
        if (fault is not null)
        {
            throw new StoreConflictException(
                "Invalid", $"Service \"{service.NameOf()}\" is invalid: spec.clusterIPs: Invalid value: [\"{wanted}\"]: {fault}");
        }
    }

    private HashSet<string> InUse() =>
        [.. store.PeekAll(ResourceType.Service).Select(s => s.Text("spec", "clusterIP")).OfType<string>()];
}
