import { describe, expect, test } from "vitest";
import { formatTags, imageRepository, knownTags, kubeadmImages, parseTags, readTags, tagsUrl } from "../../../cluster/kubernetes/images.ts";

const CONSTANTS = `package constants

const (
	// DefaultEtcdVersion indicates the default etcd version that kubeadm uses
	DefaultEtcdVersion = "3.6.10-0"
	// PauseVersion indicates the default pause image version for kubeadm
	PauseVersion = "3.10.2"
	// CoreDNSVersion is the version of CoreDNS to be deployed if it is used
	CoreDNSVersion = "v1.14.3"
)

var (
	// SupportedEtcdVersion lists officially supported etcd versions with corresponding Kubernetes releases
	SupportedEtcdVersion = map[uint8]string{
		34: "3.6.8-0",
		35: "3.6.9-0",
	}
)
`;

describe("what kubeadm needs", () => {
  test("of 1.20.2 is what kubeadm 1.20.2 itself prints", () => {
    expect([...kubeadmImages("1.20.2", knownTags("1.20.2")!)].sort()).toEqual([
      "k8s.gcr.io/coredns:1.7.0",
      "k8s.gcr.io/etcd:3.4.13-0",
      "k8s.gcr.io/kube-apiserver:v1.20.2",
      "k8s.gcr.io/kube-controller-manager:v1.20.2",
      "k8s.gcr.io/kube-proxy:v1.20.2",
      "k8s.gcr.io/kube-scheduler:v1.20.2",
      "k8s.gcr.io/pause:3.2",
    ]);
  });

  test("of 1.37.1 comes from registry.k8s.io, with CoreDNS in its folder", () => {
    expect(kubeadmImages("1.37.1", knownTags("1.37.1")!)).toEqual([
      "registry.k8s.io/kube-apiserver:v1.37.1",
      "registry.k8s.io/kube-controller-manager:v1.37.1",
      "registry.k8s.io/kube-scheduler:v1.37.1",
      "registry.k8s.io/kube-proxy:v1.37.1",
      "registry.k8s.io/coredns/coredns:v1.14.6",
      "registry.k8s.io/pause:3.10.2",
      "registry.k8s.io/etcd:3.7.0-0",
    ]);
  });

  test.each([
    { from: "k8s.gcr.io", releases: ["1.21.14", "1.22.16", "1.23.14", "1.24.0", "1.24.8"] },
    { from: "registry.k8s.io", releases: ["1.22.17", "1.23.15", "1.23.17", "1.24.9", "1.24.17", "1.25.0"] },
  ])("comes from $from for $releases", ({ from, releases }) => {
    expect(releases.map(imageRepository)).toEqual(releases.map(() => from));
  });

  test.each(["1.36.9", "1.38.0", "1.37.2", "1.20.1"])("of %s is not guessed from its neighbours", (version) => {
    expect(knownTags(version)).toBeUndefined();
  });

  test("is read where kubeadm's source says it, etcd by its minor release", () => {
    expect(readTags(CONSTANTS, "1.35.7")).toEqual({ coredns: "v1.14.3", etcd: "3.6.9-0", pause: "3.10.2" });
    expect(tagsUrl("1.35.7")).toMatch(/kubernetes\/v1\.35\.7\/cmd\/kubeadm\/app\/constants\/constants\.go$/);
  });

  test("is the default where the source has no etcd for that minor release", () => {
    expect(readTags(CONSTANTS, "1.36.0").etcd).toBe("3.6.10-0");
  });

  test.each(["<html>log in</html>", "", CONSTANTS.replace(/.*PauseVersion.*/g, "")])("is refused out of another text", (text) => {
    expect(() => readTags(text, "1.36.0")).toThrow(/does not say .* 1\.36\.0 needs/);
  });

  test("is one line in the lock, and the same when it is read", () => {
    const tags = { coredns: "v1.14.3", etcd: "3.6.9-0", pause: "3.10.2" };
    expect(parseTags(formatTags(tags))).toEqual(tags);
    expect(parseTags("coredns v1")).toBeUndefined();
  });
});
